import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { makeScratchFolder } from './scratch-folder.js';

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'kt-tmpdir-'));
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
    await rm(temporary, { recursive: true });
  });
});

/** Makes a folder look as if nothing had touched it for so many days. */
async function age(dir: string, days: number): Promise<number> {
  const timeS = (await stat(dir)).mtimeMs / 1000 - days * 86_400;
  await utimes(dir, timeS, timeS);
  return timeS * 1000;
}

test('a scratch folder of before a reboot - goes when none has touched it for a day; a stranger’s stays', async () => {
  const names = ['kt-scratch-otherhost-1-1-old', 'kt-scratch-otherhost-1-1-new', 'kt-of-a-stranger'];
  for (const name of names) await mkdir(join(temporary, name, 'a'), { recursive: true });
  for (const name of [names[0] ?? '', names[2] ?? '']) await age(join(temporary, name), 2);
  const mine = await makeScratchFolder();
  expect((await readdir(temporary)).sort()).toEqual([...names.slice(1), basename(mine)].sort());
});

test('a scratch folder - is touched each hour while its process lives', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const dir = await makeScratchFolder();
  const agedMs = await age(dir, 2);
  vi.advanceTimersByTime(3_600_000);
  await expect
    .poll(async () => (await stat(dir)).mtimeMs, { timeout: 5000 })
    .toBeGreaterThan(agedMs + 3_600_000);
});
