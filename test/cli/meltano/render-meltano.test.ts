/** `kt render meltano` at its edges: what it reads, what it refuses, and what it leaves alone. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BIN, type Ended, expectMistake, project, run, runKt } from '../../kit/kt.js';
import { read } from '../../kit/sources.js';
import { type CronJob, cronJobsOf, filesIn } from '../../kit/meltano/golden-cases.js';

const MELTANO_4 = read('test/fixtures/meltano/schedule-list-meltano-4.json');
const job = (name: string, more: object = {}): object => ({
  ...{ name, interval: '@daily', cron_interval: '0 0 * * *', env: {}, job: { name: 'load', tasks: [] } },
  ...more,
});
const listOf = (...jobs: object[]): string => JSON.stringify({ schedules: { job: jobs, elt: [] } });
const THREE = listOf(job('one'), job('two'), job('three'));

const render = (dir: string, ...args: string[]): Promise<Ended> =>
  runKt(dir, ['render', 'meltano', '--from', 'list.json', '-D', 'out', ...args]);
const namesIn = async (dir: string): Promise<string[]> =>
  cronJobsOf(await filesIn(join(dir, 'out'))).map(({ metadata }) => metadata.name);

/** Runs kt as a process, with a program called meltano before all others. */
async function withMeltano(dir: string, script: string, ...args: string[]): Promise<Ended> {
  await mkdir(join(dir, 'bin'), { recursive: true });
  await writeFile(join(dir, 'bin/meltano'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, 'bin/meltano'), 0o755);
  const path = `PATH=${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  return run(
    'env',
    ['-u', 'MELTANO_ENVIRONMENT', path, process.execPath, BIN, 'render', 'meltano', ...args],
    { dir },
  );
}

test('kt render meltano reads a pipe, with what Meltano says around the JSON', async () => {
  const noise = `2026-01-01 [info] Environment "dev" is active {"a": "}"}\n`;
  const dir = await project({ 'list.txt': `${noise}${MELTANO_4}\nA new version {of Meltano} is there\n` });
  const command = `cat list.txt | "${process.execPath}" "${BIN}" render meltano --from - -D out`;
  const { err, code } = await run('sh', ['-c', command], { dir });
  // Two of its schedules are no times that Kubernetes knows.
  expect(err.match(/^error SCHEDULE_REFUSED .*$/gm)).toHaveLength(2);
  expect(err).toContain('bad: Kubernetes does not take its interval "every tuesday"');
  expect(code).toBe(2);
  expect(await namesIn(dir)).toHaveLength(9);
});

test('kt render meltano asks Meltano in its project, for the environment that is meant', async () => {
  const dir = await project({ 'list.json': THREE, 'shop/meltano.yml': '' });
  const asks = 'echo "$*" "$MELTANO_ENVIRONMENT" > asked; cat ../list.json';
  const asked = await withMeltano(
    join(dir, 'shop'),
    asks,
    '--environment',
    'prod',
    '--log-level',
    'DEBUG',
    '-k',
  );
  expect(asked.code, asked.err).toBe(0);
  expect(await readFile(join(dir, 'shop/asked'), 'utf8')).toBe('schedule list --format=json prod\n');
  expect(existsSync(join(dir, 'shop/orchestrate/kubernetes/overlays/prod/kustomization.yml'))).toBe(true);

  const { code } = await run(
    'env',
    [
      `MELTANO_PROJECT_ROOT=${dir}/shop`,
      'MELTANO_ENVIRONMENT=dev',
      `PATH=${dir}/shop/bin${delimiter}${process.env['PATH'] ?? ''}`,
      process.execPath,
      BIN,
      'render',
      'meltano',
    ],
    { dir },
  );
  expect(code).toBe(0);
  expect(await readdir(join(dir, 'shop/orchestrate/kubernetes/overlays'))).toEqual(['dev', 'prod']);
});

test('MT1: kt render meltano - what fails leaves the tree as it was', async () => {
  const dir = await project({ 'list.json': THREE, 'empty.json': '' });
  await render(dir, '--environment', 'dev');
  const before = await filesIn(join(dir, 'out'));
  const at = ['-D', 'out', '--environment', 'dev'];
  const failures = [
    await withMeltano(dir, 'echo No project here >&2; exit 3', ...at),
    await withMeltano(dir, 'kill -9 $$', ...at),
    await withMeltano(dir, 'echo "Nothing is scheduled"', ...at),
    await withMeltano(dir, `echo '{"schedules": {"job": [{"name": "x"}]}}'`, ...at),
    await withMeltano(dir, `echo '{"schedules": {"job": ['`, ...at),
    await runKt(dir, ['render', 'meltano', '--from', 'empty.json', ...at]),
    await runKt(dir, ['render', 'meltano', '--from', 'nowhere.json', ...at]),
    await render(dir, 'one', 'tow'),
    await render(dir, '--environment', '../..'),
  ];
  expectMistake(failures[0]!, /MELTANO_FAILED .*ended with 3: No project here/);
  expectMistake(failures[1]!, /MELTANO_FAILED .*SIGKILL/);
  expectMistake(failures[2]!, /BAD_SCHEDULES .*holds no JSON of schedules, but begins: Nothing/);
  expectMistake(failures[3]!, /BAD_SCHEDULES .*schedules\.job\[0\]\.job/);
  expectMistake(failures[4]!, /BAD_SCHEDULES/);
  expectMistake(failures[5]!, /BAD_SCHEDULES .*It is empty/);
  expectMistake(failures[6]!, /READ_FAILED .*nowhere\.json/);
  expectMistake(failures[7]!, /UNKNOWN_SCHEDULE {2}tow: .*Did you mean "two"\?/);
  expectMistake(failures[8]!, /BAD_ENVIRONMENT/);
  expect(await filesIn(join(dir, 'out'))).toEqual(before);
});

test('kt render meltano - Meltano that is not there is said', async () => {
  const dir = await project();
  const args = ['PATH=/nowhere', process.execPath, BIN, 'render', 'meltano'];
  expectMistake(await run('env', args, { dir }), /MELTANO_MISSING .*--from FILE/);
  expect(existsSync(join(dir, 'orchestrate'))).toBe(false);
});

test('kt render meltano NAME renders these, and the same list gives the same bytes', async () => {
  const dir = await project({ 'list.json': THREE });
  expect((await render(dir, 'three', 'one')).code).toBe(0);
  expect(await namesIn(dir)).toEqual(['one', 'three']);
  await render(dir);
  const first = await filesIn(join(dir, 'out'));
  await render(dir);
  expect(await filesIn(join(dir, 'out'))).toEqual(first);
  expect(await readdir(join(dir, 'out'))).toEqual(['base']);
});

test('MN1: kt render meltano - schedules of one name, odd names and long ones each get a CronJob of their own', async () => {
  const odd = [
    'x',
    'x',
    '',
    '.',
    '..',
    '../../evil',
    '/etc/passwd',
    '%2e%2e',
    'a\nb',
    '日本',
    '😀',
    'a'.repeat(53),
    `${'a'.repeat(53)}b`,
    'A.b',
    'con',
    '-',
    '*',
    '__proto__',
  ];
  const dir = await project({ 'list.json': listOf(...odd.map(name => job(name))) });
  const { code, err } = await render(dir);
  expect(err).toBe('');
  expect(code).toBe(0);
  const jobs = cronJobsOf(await filesIn(join(dir, 'out')));
  const names = jobs.map(({ metadata }) => metadata.name);
  expect(new Set(names).size).toBe(odd.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/);
  const key = 'meltano.kubernetes.io/schedule';
  expect(jobs.map(({ metadata }) => metadata.annotations?.[key] ?? metadata.labels[key])).toEqual(odd);
  expect((await readdir(dir)).sort()).toEqual(['list.json', 'node_modules', 'out', 'package.json']);

  // Others come and go: it keeps its name.
  await writeFile(join(dir, 'list.json'), listOf(job('😀')));
  await render(dir);
  expect(await namesIn(dir)).toEqual([names[odd.indexOf('😀')]]);
});

test('kt render meltano - values are text that YAML reads as it was, numbers with all their digits', async () => {
  const env = {
    NUL: 'x',
    DEL: '\u007f\u0085\u2028\ufeff',
    ESC: '\u001b[31m',
    SMILE: '😀',
    OLD: 'no',
    TIME: '12:30:45',
  };
  const list = listOf(job('one', { env })).replace(
    '"NUL":"x"',
    '"BIG":12345678901234567890,"FLOAT":1.0,"E":1e-07,"NAN":NaN',
  );
  const dir = await project({ 'list.json': list });
  expect((await render(dir)).err).toBe('');
  const text = await readFile(join(dir, 'out/base/one-cron-job.yml'), 'utf8');
  expect(text).not.toMatch(/[\u007f-\u009f\u2028\ufeff\u001b]/);
  expect(text).toContain('"12:30:45"');
  const [one] = (parse(text) as CronJob).spec.jobTemplate.spec.template.spec.containers;
  expect(Object.fromEntries(one!.env!.map(({ name, value }) => [name, value]))).toEqual({
    ...{ BIG: '12345678901234567890', FLOAT: '1.0', E: '1e-07', NAN: 'NaN' },
    ...{ DEL: env.DEL, ESC: env.ESC, SMILE: '😀', OLD: 'no', TIME: '12:30:45' },
  });
});

test('kt render meltano - what Kubernetes would refuse is refused with its value, and the others are rendered', async () => {
  const list = listOf(
    job('fine'),
    ...[job('zone', { cron_interval: 'TZ=UTC 0 3 * * *' }), job('last', { cron_interval: '0 3 L * *' })],
    ...[
      job('eq', { env: { 'A=B': '1' } }),
      job('nul', { env: { A: 'a\0b' } }),
      job('half', { job: { name: '\ud800' } }),
    ],
  );
  const dir = await project({ 'list.json': list });
  const { err, code } = await render(dir);
  expect(code).toBe(2);
  expect(err.match(/^error SCHEDULE_REFUSED {2}\w+/gm)).toEqual(
    ['zone', 'last', 'eq', 'nul', 'half'].map(name => `error SCHEDULE_REFUSED  ${name}`),
  );
  expect(err).toContain('"0 3 L * *". The day of the month "L" is not made of 1 to 31');
  expect(err).toContain('"A=B", which is no name of a variable');
  expect(await namesIn(dir)).toEqual(['fine']);
});

test('MT2: kt render meltano - an overlay is its owner’s, whatever is in it, and links lead nowhere', async () => {
  const dir = await project({ 'list.json': THREE, 'other/kept.txt': 'kept' });
  const overlay = join(dir, 'out/overlays/dev');
  for (const name of ['kustomization.yaml', 'Kustomization']) {
    await mkdir(overlay, { recursive: true });
    await writeFile(join(overlay, name), '');
    expect((await render(dir, '--environment', 'dev')).code).toBe(0);
    expect(await readdir(overlay)).toEqual([name]);
    await rm(overlay, { recursive: true });
  }
  await symlink(join(dir, 'other'), overlay);
  expectMistake(await render(dir, '--environment', 'dev'), /LEADS_OUTSIDE .*overlays\/dev: It leads to/);
  // A base that is a link, or has one, is replaced; what it leads to is not.
  await symlink(join(dir, 'other'), join(dir, 'out/base/link'));
  expect((await render(dir)).code).toBe(0);
  await rm(join(dir, 'out/base'), { recursive: true });
  await mkdir(join(dir, 'linked'));
  await writeFile(join(dir, 'linked/kustomization.yml'), 'kept');
  await symlink(join(dir, 'linked'), join(dir, 'out/base'));
  expect((await render(dir)).code).toBe(0);
  expect(await readFile(join(dir, 'linked/kustomization.yml'), 'utf8')).toBe('kept');
  expect(await readdir(join(dir, 'linked'))).toEqual(['kustomization.yml']);
  expect(await readdir(join(dir, 'other'))).toEqual(['kept.txt']);
  expect(await namesIn(dir)).toEqual(['one', 'two', 'three']);
});

test('kt render meltano - a folder called base that nobody has rendered is not replaced', async () => {
  const dir = await project({ 'list.json': THREE, 'out/base/index.py': 'import this' });
  expectMistake(await render(dir), /NOT_A_BASE/);
  expect(await readFile(join(dir, 'out/base/index.py'), 'utf8')).toBe('import this');
  const file = await project({ 'list.json': THREE, out: 'a file' });
  expectMistake(await render(file), /WRITE_FAILED/);
});

test('kt render meltano --check finds every drift, and changes nothing', async () => {
  const dir = await project({ 'list.json': THREE });
  const never = await render(dir, '--check');
  expect(never.out).toContain(`stale: ${join('out/base/one-cron-job.yml')}\n`);
  expect(never.code).toBe(1);
  expect(existsSync(join(dir, 'out'))).toBe(false);

  await render(dir, '--environment', 'dev');
  await writeFile(join(dir, 'out/overlays/dev/kustomization.yml'), 'mine');
  expect(await render(dir, '--check')).toMatchObject({
    code: 0,
    out: 'All files are as they would be rendered.\n',
  });
  await writeFile(join(dir, 'out/base/stray.yml'), '');
  await writeFile(join(dir, 'list.json'), listOf(job('one'), job('two', { cron_interval: '1 0 * * *' })));
  const drift = await render(dir, '--check');
  expect(drift.out.match(/^stale: .*$/gm)).toEqual(
    ['kustomization.yml', 'two-cron-job.yml', 'stray.yml', 'three-cron-job.yml'].map(
      name => `stale: ${join('out/base', name)}`,
    ),
  );
  expect(drift.out).toContain('Render them anew: kt render meltano --destination out');
  expect(drift.code).toBe(1);
  expect(await readFile(join(dir, 'out/overlays/dev/kustomization.yml'), 'utf8')).toBe('mine');
});

test('kt render meltano - options of kt render before its name are refused', async () => {
  const dir = await project({ 'list.json': THREE });
  const mixed = await runKt(dir, ['render', '--out', 'out', 'meltano', '--from', 'list.json']);
  expectMistake(mixed, /--out <dir> is no option of kt render meltano/);
});

test('kt render meltano - ten thousand schedules, and none', async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => job(`S_${i}`, { env: { N: i } }));
  const dir = await project({ 'list.json': listOf(...many), 'none.json': '{"schedules": {"elt": []}}' });
  expect((await render(dir)).out).toContain('Rendered 10,000 CronJobs to out/base.');
  expect(await readdir(join(dir, 'out/base'))).toHaveLength(10_001);
  const none = await runKt(dir, ['render', 'meltano', '--from', 'none.json', '-D', 'out']);
  expect(none.code).toBe(0);
  expect(await readdir(join(dir, 'out/base'))).toEqual(['kustomization.yml']);
});
