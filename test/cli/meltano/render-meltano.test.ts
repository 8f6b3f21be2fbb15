/** `kt render meltano` at its edges: what it reads, what it names and what it refuses. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BIN, expectMistake, project, run, runKt } from '../../kit/kt.js';
import { type CronJob, cronJobsOf, filesIn } from '../../kit/meltano/golden-cases.js';
import { job, listOf, namesIn, render, THREE, withMeltano } from '../../kit/meltano/rendering.js';
import { read } from '../../kit/sources.js';

const MELTANO_4 = read('test/fixtures/meltano/schedule-list-meltano-4.json');

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
    BREAK: '\u2028\ufeff',
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
  expect(text).not.toMatch(/[\u2028\ufeff\u001b]/);
  expect(text).toContain('"12:30:45"');
  const [one] = (parse(text) as CronJob).spec.jobTemplate.spec.template.spec.containers;
  expect(Object.fromEntries(one!.env!.map(({ name, value }) => [name, value]))).toEqual({
    ...{ BIG: '12345678901234567890', FLOAT: '1.0', E: '1e-07', NAN: 'NaN' },
    ...{ BREAK: env.BREAK, ESC: env.ESC, SMILE: '😀', OLD: 'no', TIME: '12:30:45' },
  });
});

test('kt render meltano - what Kubernetes would refuse is refused with its value, and the others are rendered', async () => {
  const list = listOf(
    job('fine'),
    ...[job('zone', { cron_interval: 'TZ=UTC 0 3 * * *' }), job('last', { cron_interval: '0 3 L * *' })],
    ...[
      job('eq', { env: { 'A=B': '1' } }),
      job('nul', { env: { A: 'a\0b' } }),
      job('del', { env: { A: '\u007f' } }),
      job('nel', { job: { name: '\u0085' } }),
      job('half', { job: { name: '\ud800' } }),
    ],
  );
  const dir = await project({ 'list.json': list });
  const { err, code } = await render(dir);
  expect(code).toBe(2);
  expect(err.match(/^error SCHEDULE_REFUSED {2}\w+/gm)).toEqual(
    ['zone', 'last', 'eq', 'nul', 'del', 'nel', 'half'].map(name => `error SCHEDULE_REFUSED  ${name}`),
  );
  expect(err).toContain('"0 3 L * *". The day of the month "L" is not made of 1 to 31');
  expect(err).toContain('"A=B", which is no name of a variable');
  expect(err).toContain('nel: Its job holds the character U+0085, which does not get to a pod.');
  expect(await namesIn(dir)).toEqual(['fine']);
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
