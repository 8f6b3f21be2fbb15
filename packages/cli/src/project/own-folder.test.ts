import { link, mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { ownName } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import { project } from '../../../../test/kit/kt.js';
import { newFolder, ownFolder, type Purpose, putOwnFile } from './own-folder.js';

const DAY_S = 86_400;

test.each(['.new', '.config', '.trace'] as const satisfies Purpose[])(
  'a new folder %s - what dead processes left goes, what may be in use stays',
  async purpose => {
    const within = await ownFolder(await project(), 'bundles');
    const leave = async (name: string, ageS: number): Promise<string> => {
      await mkdir(join(within, name, 'a', 'b'), { recursive: true });
      const timeS = (await stat(join(within, name))).mtimeMs / 1000 - ageS;
      await utimes(join(within, name), timeS, timeS);
      return name;
    };
    const mine = await ownName(purpose, 'a');
    const ofTheDead = mine.replace(`-${process.pid}-`, `-${spawnSync(process.execPath, ['-e', '']).pid}-`);
    await leave(ofTheDead, 0);
    await leave(`${purpose}-otherhost-7-1-a`, 2 * DAY_S);
    await leave(`${purpose}-${'0'.repeat(32)}`, 2 * DAY_S);
    const stay = [
      await leave(mine, 9 * DAY_S),
      await leave(`${purpose}-otherhost-8-1-a`, DAY_S / 2),
      await leave(`${purpose}-${'1'.repeat(32)}`, DAY_S / 2),
      await leave('of-a-stranger', 9 * DAY_S),
      basename(await newFolder(within, purpose)),
    ];
    expect((await readdir(within)).sort()).toEqual(stay.sort());
  },
);

test('a file of .kt - is replaced, never written into, and nothing else stays', async () => {
  const dir = await project();
  await putOwnFile(dir, 'x.json', '1');
  // A second name of the file as it was: a file system may give its number to the next.
  await link(join(dir, '.kt/x.json'), join(dir, 'before'));
  await Promise.all(['22', '33'].map(text => putOwnFile(dir, 'x.json', text)));
  expect(await readFile(join(dir, 'before'), 'utf8')).toBe('1');
  expect(['22', '33']).toContain(await readFile(join(dir, '.kt/x.json'), 'utf8'));
  expect((await readdir(join(dir, '.kt'))).sort()).toEqual(['.gitignore', 'x.json']);
});
