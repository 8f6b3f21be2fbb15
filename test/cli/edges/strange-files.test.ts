/** Files of strangers in the folder of a run: nothing breaks over them, and nobody deletes them. */
import { readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isOfRun } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import { project, runKt, SHAKY } from '../../kit/kt.js';

const STRANGE = ['.DS_Store', '00000001.jsonl~', '.nfs0000000000000001', 'notes.json', '000000'];

async function filesBelow(dir: string, kind: 'isFile' | 'isDirectory'): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry[kind]()).map(entry => join(entry.parentPath, entry.name));
}

test('files of strangers - in each folder of a run change nothing that is told of it, and stay', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY });
  await runKt(dir, ['run', 'shaky', '--run-id', 'r', '--executor', 'processes', '--jobs', '1']);
  const root = join(dir, 'kt-metadata/r');
  const own = await filesBelow(root, 'isFile');
  expect(own.length).toBeGreaterThan(8);
  expect(own.filter(file => !isOfRun(relative(dir, file), 'r'))).toEqual([]);
  const told = async (): Promise<string[]> => {
    const all = [
      ['runs'],
      ['status', 'r'],
      ['status', 'r', '--json'],
      ['logs', 'r'],
      ['logs', 'r', '--failed'],
    ];
    const said = [];
    for (const args of all) {
      const { out, err } = await runKt(dir, args);
      said.push(out + err);
    }
    return said;
  };
  const before = await told();
  const folders = [root, ...(await filesBelow(root, 'isDirectory'))];
  const strange = folders.flatMap(folder => STRANGE.map(name => join(folder, name)));
  for (const file of strange) await writeFile(file, '\0\0Bud1', { flag: 'wx' }).catch(() => undefined);
  expect(await told()).toEqual(before);
  const { out } = await runKt(dir, ['gc', '--keep', '0']);
  expect(out).toMatch(/^deleted run r /m);
  const left = await filesBelow(root, 'isFile');
  expect(left.filter(file => !strange.includes(file))).toEqual([]);
  expect(left.length).toBeGreaterThan(30);
  expect((await runKt(dir, ['runs'])).out).toContain('There are no runs');
  expect((await runKt(dir, ['gc', '--keep', '0'])).out).not.toContain('run');
});
