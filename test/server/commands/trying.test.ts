/** `kt jobs render` and `kt jobs check`: what definitions give, without a server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { checkDefinitions, JobTemplates } from '@kube-transform/server';
import { runKt } from '../../kit/kt.js';
import { statusBody } from '../../kit/kube-server.js';
import { HELLO, OpenJobs, type SentJob } from '../open-jobs.js';

const GREET = HELLO.replace('"hi"]', '"{{ name }}"]\n          args: {{ words }}').replace(
  'Limit: 0',
  'Limit: {{ n | default(0) }}',
);
const DEFINITIONS = [
  { name: 'broken', spec: '{% if %}' },
  { name: 'greet', spec: GREET },
  { name: 'hello', spec: HELLO },
  { name: 'there', spec_config_map_name: 'm', spec_config_map_namespace: 'other' },
];

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-jobs-'));
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify(DEFINITIONS));
  vi.stubEnv('JOB_SIGNATURE', 'sig');
  vi.stubEnv('JOB_NAMESPACE', 'jobs');
  vi.stubEnv('JOB_DEFINITIONS_CONFIG_PATH', join(dir, 'definitions.yaml'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

test('kt jobs render - prints the Job: JSON keeps its type, all else is text', async () => {
  const args = ['-a', 'name=a: "b"\n- c', '-a', 'n=3', '-a', 'words=["x", 9007199254740993]'];
  const { code, out } = await runKt(dir, ['jobs', 'render', 'greet', ...args]);
  expect(code).toBe(0);
  expect(parse(out)).toMatchObject({
    metadata: { labels: { 'app.kubernetes.io/managed-by': 'sig', job_definition_name: 'greet' } },
    spec: { backoffLimit: 3 },
  });
  const [container] = (parse(out) as SentJob).spec.template.spec.containers;
  expect(container).toMatchObject({ command: ['echo', 'a: "b"\n- c'], args: ['x', '9007199254740993'] });
});

test('kt jobs render - texts are texts to each reader of YAML', async () => {
  const words = [
    'on',
    'y',
    'no',
    '0400',
    '0o7',
    '-0o7',
    '1_000',
    '12:30',
    '1e3',
    '~',
    '2024-01-01',
    '0x1f',
    '<<',
  ];
  const { out } = await runKt(dir, [
    'jobs',
    'render',
    'greet',
    '-a',
    'name=x',
    '-a',
    `words=${JSON.stringify(words)}`,
  ]);
  for (const version of ['1.1', '1.2'] as const) {
    const [container] = (parse(out, { version }) as SentJob).spec.template.spec.containers;
    expect(container).toMatchObject({ args: words });
  }
  expect(out).toContain('- "0o7"');
});

test.each([
  [['greet', '-a', 'name'], 'BAD_ARGUMENT'],
  [['greet', '-a', '=1'], 'BAD_ARGUMENT'],
  [['greet', '-a', '../x=1'], 'BAD_ARGUMENT'],
  [['greet', '-a', 'x\ny=1'], 'BAD_ARGUMENT'],
  [['greet'], 'BAD_TEMPLATE'],
  [['nobody'], 'UNKNOWN_DEFINITION'],
])('kt jobs render %j - is refused with %s', async (args, code) => {
  const ended = await runKt(dir, ['jobs', 'render', ...args]);
  expect([ended.code, ended.out]).toEqual([2, '']);
  expect(ended.err).toContain(code);
});

test('definitions that are not there - are told by name, and where they are named', async () => {
  vi.stubEnv('JOB_DEFINITIONS_CONFIG_PATH', join(dir, 'nowhere.yaml'));
  for (const args of [
    ['render', 'greet'],
    ['check', '--offline'],
  ]) {
    const { code, err } = await runKt(dir, ['jobs', ...args]);
    expect(code).toBe(2);
    expect(err).toMatch(/NO_FILE .*nowhere\.yaml: There is no such file.*JOB_DEFINITIONS_CONFIG_PATH/s);
  }
});

test('kt jobs check --offline - says of each definition how far it came', async () => {
  const { code, out } = await runKt(dir, ['jobs', 'check', '--offline']);
  expect(code).toBe(1);
  const lines = out.trimEnd().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^wrong +broken: The template cannot be read/),
    expect.stringMatching(/^ok +greet: .*not rendered: .*"name", which was not given/),
    expect.stringMatching(/^ok +hello: it gives a Job$/),
    expect.stringMatching(/^ok +there: not read/),
  ]);
});

test('a check with a cluster - shows each Job to the API server, as a dry run', async () => {
  const opened = await OpenJobs.open({
    definitions: [
      { name: 'hello', spec: HELLO },
      { name: 'other', spec: HELLO.replace('hello', 'other') },
    ],
  });
  try {
    const refusal = { status: 422, body: statusBody(422, 'Invalid', 'Job is invalid: spec.x: no') };
    opened.kube.on(/^POST .*dryRun=All/, refusal, 1);
    const { api, definitions } = opened;
    const templates = new JobTemplates({ definitions, signature: 's', limits: { namespace: 'jobs' } });
    const checks = await checkDefinitions({ definitions, templates, args: {}, api });
    expect(checks).toEqual([
      { definition: 'hello', result: 'wrong', message: expect.stringContaining('spec.x') },
      { definition: 'other', result: 'taken' },
    ]);
    for (const { query } of opened.kube.askedFor(/^POST/)) expect(query.get('dryRun')).toBe('All');
    opened.kube.on(/^POST/, {
      status: 403,
      body: statusBody(403, 'Forbidden', 'jobs is forbidden: User "x"'),
    });
    await expect(checkDefinitions({ definitions, templates, args: {}, api })).rejects.toThrow(
      /forbidden|right/i,
    );
  } finally {
    await opened.close();
  }
});

test('kt jobs check --array-size - shows what an array job would be', async () => {
  const job = HELLO.replace('backoffLimit: 0', 'backoffLimit: 2');
  const name = 'a'.repeat(60);
  const definitions = [
    { name: 'never', spec: job.replace('name: hello', `name: ${name}`) },
    { name: 'often', spec: job.replace('Never', 'OnFailure') },
  ];
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify(definitions));
  const { code, out } = await runKt(dir, ['jobs', 'check', '--offline', '--array-size', '100000']);
  expect(code).toBe(1);
  expect(out).toMatch(/never: it gives a Job\n.*often: An array job needs.*restartPolicy: Never/);
  expect((await runKt(dir, ['jobs', 'check', '--offline'])).code).toBe(0);
  expect((await runKt(dir, ['jobs', 'check', '--offline', '--array-size', '0'])).code).toBe(2);
});
