/** Job definitions in `kt.config.ts`, and what `kt render server` makes of them and of its options. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readDefinitions, readSettings } from '@kube-transform/server';
import { expectMistake, project, runKt } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';
import { HELLO } from '../open-jobs.js';

const GREET = HELLO.replace('"hi"]', '"{{ name }}"]');
const configOf = (definitions: unknown): string =>
  `export default { contexts: {}, server: { definitions: ${JSON.stringify(definitions)} } };\n`;
const withDefinitions = (definitions: unknown, files: Record<string, string> = {}): Promise<string> =>
  project({ 'kt.config.ts': configOf(definitions), ...files });

beforeEach(() => {
  vi.stubEnv('JOB_SIGNATURE', 'sig');
  vi.stubEnv('JOB_NAMESPACE', 'jobs');
  vi.stubEnv('JOB_DEFINITIONS_CONFIG_PATH', undefined);
});
afterEach(() => void vi.unstubAllEnvs());

describe('definitions of kt.config.ts', () => {
  test('hold for kt jobs, wherever in the project it is called', async () => {
    const dir = await withDefinitions(
      [
        { name: 'greet', template: GREET },
        { name: 'hello', file: 'templates/hello.yaml' },
        { name: 'there', configMap: { name: 'm', namespace: 'other' } },
      ],
      { 'templates/hello.yaml': HELLO },
    );
    const { code, out } = await runKt(dir, ['jobs', 'render', 'greet', '-a', 'name=Ada']);
    expect(code).toBe(0);
    expect(parse(out)).toMatchObject({
      metadata: { labels: { job_definition_name: 'greet' } },
      spec: { template: { spec: { containers: [{ command: ['echo', 'Ada'] }] } } },
    });
    const checked = await runKt(join(dir, 'templates'), ['jobs', 'check', '--offline']);
    expect(checked.out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ok +greet: .*not rendered/),
      expect.stringMatching(/^ok +hello: it gives a Job$/),
      expect.stringMatching(/^ok +there: not read/),
    ]);
  });

  test('come after a list that the environment names', async () => {
    const dir = await withDefinitions('broken', {
      'list.yaml': JSON.stringify([{ name: 'a', spec: HELLO }]),
    });
    vi.stubEnv('JOB_DEFINITIONS_CONFIG_PATH', join(dir, 'list.yaml'));
    expect((await runKt(dir, ['jobs', 'check', '--offline'])).out).toMatch(/^ok +a: it gives a Job$/m);
  });

  test.each<[unknown, RegExp]>([
    ['x', /BAD_CONFIG {2}kt\.config\.ts server\.definitions: /],
    [
      [{ name: 'a' }],
      /BAD_CONFIG {2}kt\.config\.ts server\.definitions\[0\]: .*one of template, file and configMap/,
    ],
    [[{ name: 'a', template: 'x', file: 'y' }], /server\.definitions\[0\]: .*one of template/],
    [[{ name: 'a b', template: 'x' }], /server\.definitions\[0\]\.name: .*Expected a name of 1 to 63/],
    [[{ name: 'a', templat: 'x' }], /server\.definitions\[0\]: .*templat/],
    [
      [{ name: 'a', configMap: { name: '../x', namespace: 'n' } }],
      /server\.definitions\[0\]\.configMap\.name: /,
    ],
    [['a', 'b', 'a'].map(name => ({ name, template: 'x' })), /definitions\[2\]\.name: .*two definitions "a"/],
  ])('that are wrong - are refused with their place: %j', async (definitions, why) => {
    for (const verb of [['jobs', 'check', '--offline'], ['render', 'server', '--image', 'x'], ['serve']])
      expectMistake(await runKt(await withDefinitions(definitions), verb), why);
  });

  test('whose templates cannot be used - are all told with their names', async () => {
    const dir = await withDefinitions([
      { name: 'broken', template: '{% if %}' },
      { name: 'lost', file: 'no/where.yaml' },
      { name: 'good', template: HELLO },
    ]);
    const ended = await runKt(dir, ['render', 'server', '--image', 'x']);
    expectMistake(
      ended,
      /BAD_DEFINITIONS {2}kt\.config\.ts server\.definitions broken: .*The template of "broken"/,
    );
    expectMistake(
      ended,
      /definitions lost: The template in \S*no\/where\.yaml of "lost" .*There is no such file/,
    );
    expect(ended.err).not.toContain('"good"');
  });
});

interface Rendered {
  kind: string;
  metadata: { name: string; namespace: string };
  data?: Record<string, string>;
  rules?: { resources: string[]; resourceNames?: string[] }[];
  spec?: { template?: { spec: { containers: [{ env: { name: string; value: string }[] }] } } };
}

async function rendered(
  dir: string,
  ...args: string[]
): Promise<{ objects: Rendered[]; env: Record<string, string> }> {
  const { code, out, err } = await runKt(dir, ['render', 'server', '-n', 'jobs', '--image', 'x', ...args]);
  expect([code, err]).toEqual([0, '']);
  const objects = parseAllDocuments(out).map(document => document.toJS() as Rendered);
  const [container] = objects.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec.containers;
  return { objects, env: Object.fromEntries(container.env.map(({ name, value }) => [name, value])) };
}

describe('kt render server', () => {
  test.each(['kt.config.ts', '--definitions'])(
    'definitions of %s - become ConfigMaps, and rights to read others',
    async from => {
      const list = [
        { name: 'on', spec: GREET, queue: 'batch', priority: 'high' },
        { name: 'hello', spec_path: 'hello.yaml' },
        { name: 'own', spec_config_map_name: 'm', spec_config_map_namespace: 'jobs' },
        { name: 'other', spec_config_map_name: 'm', spec_config_map_namespace: 'else' },
      ];
      const typed = [
        { name: 'on', template: GREET, queue: 'batch', priority: 'high' },
        { name: 'hello', file: 'hello.yaml' },
        { name: 'own', configMap: { name: 'm', namespace: 'jobs' } },
        { name: 'other', configMap: { name: 'm', namespace: 'else' } },
      ];
      const dir = await withDefinitions(from === 'kt.config.ts' ? typed : 'broken', {
        'hello.yaml': HELLO,
        'list.yaml': JSON.stringify(list),
      });
      const { objects } = await rendered(
        dir,
        ...(from === 'kt.config.ts' ? [] : ['--definitions', 'list.yaml']),
      );
      const maps = new Map(
        objects.filter(({ kind }) => kind === 'ConfigMap').map(one => [one.metadata.name, one.data]),
      );
      expect([...maps.keys()]).toEqual(['job-definitions', 'job-templates']);
      expect(maps.get('job-templates')).toEqual({ 'on.yaml': GREET, 'hello.yaml': HELLO });
      expect([...readDefinitions(maps.get('job-definitions')!['definitions.yaml']!, 'f').values()]).toEqual([
        {
          name: 'on',
          source: { kind: 'file', path: '/etc/job-server/templates/on.yaml' },
          ...{ queue: 'batch', priority: 'high' },
        },
        { name: 'hello', source: { kind: 'file', path: '/etc/job-server/templates/hello.yaml' } },
        { name: 'own', source: { kind: 'config-map', name: 'm', namespace: 'jobs' } },
        { name: 'other', source: { kind: 'config-map', name: 'm', namespace: 'else' } },
      ]);
      const roles = objects.filter(({ kind }) => kind === 'Role');
      expect(roles.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
        'jobs/job-server',
        'else/job-server-templates',
      ]);
      for (const { rules } of roles)
        expect(rules!.find(({ resources }) => resources[0] === 'configmaps')!.resourceNames).toEqual(['m']);
    },
  );

  test('no definitions at all - need no right to read ConfigMaps', async () => {
    const { objects } = await rendered(await withDefinitions([]));
    const role = objects.find(({ kind }) => kind === 'Role')!;
    expect(role.rules!.flatMap(({ resources }) => resources)).not.toContain('configmaps');
    expect(
      readDefinitions(
        objects.find(({ metadata }) => metadata.name === 'job-definitions')!.data!['definitions.yaml']!,
        'f',
      ).size,
    ).toBe(0);
  });

  test('OIDC and further variables - are what the server reads', async () => {
    const { env } = await rendered(
      root,
      ...[
        '--oidc-issuer',
        'https://id.example',
        '--oidc-audience',
        'jobs',
        '--oidc-jwks-url',
        'https://id.example/keys',
      ],
      ...[
        '--oidc-scopes-claim',
        'scp',
        '--env',
        'JOB_SERVER_OIDC_CLOCK_TOLERANCE_SEC=5',
        '--env',
        'JOB_RETENTION_PERIOD_SEC=7',
      ],
      ...['--env', 'NODE_EXTRA_CA_CERTS=/etc/ca=1'],
    );
    expect(env['NODE_EXTRA_CA_CERTS']).toBe('/etc/ca=1');
    expect(readSettings(env)).toMatchObject({
      namespace: 'jobs',
      inCluster: true,
      retentionSec: 7,
      oidc: {
        issuer: 'https://id.example',
        audience: 'jobs',
        jwksUrl: 'https://id.example/keys',
        scopesClaim: 'scp',
        toleranceSec: 5,
      },
    });
  });

  test('each variable of the server - can be rendered', async () => {
    const source = await readFile(join(root, 'packages/server/src/settings.ts'), 'utf8');
    const names = [...new Set(source.match(/'(JOB_[A-Z_]+|IN_CLUSTER)'/g)!.map(name => name.slice(1, -1)))];
    expect(names.length).toBeGreaterThan(15);
    const given = [
      'tokens-secret',
      'allow-images',
      'tls-secret',
      'webhook-secret',
      'allow-queues',
      'allow-priorities',
    ];
    const { env } = await rendered(
      root,
      ...given.flatMap(name => [`--${name}`, 'a']),
      ...['--webhook-url', 'https://hooks.example', '--runs'],
    );
    for (const name of names) {
      if (name in env && name !== 'JOB_RETENTION_PERIOD_SEC') continue;
      const ended = await runKt(root, ['render', 'server', '--image', 'x', '--env', `${name}=https://1`]);
      // What the server could not read is refused; all else is rendered.
      if (ended.code === 0) expect(ended.out).toContain(`name: ${name}\n`);
      else expectMistake(ended, /BAD_SETTINGS {2}JOB_/);
    }
  });

  test.each<[string[], RegExp]>([
    [['--oidc-issuer', 'https://id.example'], /BAD_SETTINGS {2}JOB_SERVER_OIDC_AUDIENCE/],
    [['--env', 'JOB_SERVER_REQUESTS_PER_SEC=many'], /BAD_SETTINGS {2}JOB_SERVER_REQUESTS_PER_SEC/],
    [['--env', 'JOB_SERVER_PORT=80'], /BAD_ARGUMENT {2}--env: JOB_SERVER_PORT is set by what is rendered/],
    [['--env', 'JOB_NAMESPACE=x'], /--namespace/],
    [['--env', 'novalue'], /BAD_ARGUMENT.*expected NAME=VALUE/],
    [['--signature', 'a b'], /BAD_SETTINGS {2}JOB_SIGNATURE/],
    [['--namespace', '../x'], /BAD_SETTINGS {2}JOB_NAMESPACE/],
    [['--definitions', 'nope.yaml'], /READ_FAILED {2}nope\.yaml/],
  ])('%j - is refused as the server would', async (args, why) => {
    expectMistake(await runKt(root, ['render', 'server', '--image', 'x', ...args]), why);
  });

  test('templates that no ConfigMap holds - are refused', async () => {
    const template = `${HELLO}# ${'x'.repeat(1_000_000)}\n`;
    const dir = await project({ 'list.yaml': JSON.stringify([{ name: 'a', spec: template }]) });
    expectMistake(
      await runKt(dir, ['render', 'server', '--image', 'x', '--definitions', 'list.yaml']),
      /DEFINITIONS_TOO_LARGE {2}list\.yaml/,
    );
  });
});
