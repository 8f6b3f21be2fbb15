/** The tree that `kt render meltano` writes: whole or not at all, and nothing that is somebody's. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, expectMistake, project, run, runKt } from '../../kit/kt.js';
import { filesIn } from '../../kit/meltano/golden-cases.js';
import { job, listOf, namesIn, render, THREE, withMeltano } from '../../kit/meltano/rendering.js';

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

test('MT1: kt render meltano - a disk that takes no more leaves the tree as it was', async () => {
  const large = listOf(job('one'), job('two', { env: { LARGE: 'x'.repeat(400_000) } }));
  const dir = await project({ 'list.json': THREE, 'large.json': large });
  await render(dir, '--environment', 'dev');
  const before = await filesIn(join(dir, 'out'));
  // No file may have more than 100 kB.
  const command = `ulimit -f 200; exec "$0" "$@" render meltano --from large.json -D out --environment prod`;
  const ended = await run('sh', ['-c', command, process.execPath, BIN], { dir });
  expectMistake(ended, /WRITE_FAILED .*file too large/);
  expect(await filesIn(join(dir, 'out'))).toEqual(before);
  expect((await readdir(join(dir, 'out'))).sort()).toEqual(['base', 'overlays']);
  expect(await readdir(join(dir, 'out/overlays'))).toEqual(['dev']);
});

test('kt render meltano - Meltano that is not there is said', async () => {
  const dir = await project();
  const args = ['PATH=/nowhere', process.execPath, BIN, 'render', 'meltano'];
  expectMistake(await run('env', args, { dir }), /MELTANO_MISSING .*--from FILE/);
  expect(existsSync(join(dir, 'orchestrate'))).toBe(false);
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
