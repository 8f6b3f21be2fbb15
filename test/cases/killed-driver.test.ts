/** What is left of a process pool when its driver has ended, however that came: nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BIN, hasEnded, kt, project } from '../kit/kt.js';

/**
 * A pipeline whose function begins a process, writes down what belongs to its driver, and then does
 * something.
 */
const noting = (then: string): string => `import { ktFunction, pipeline } from '@kube-transform/sdk';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
const read = (pid, file) => { try { return readFileSync('/proc/' + pid + '/' + file, 'utf8'); } catch { return ''; } };
const isGuard = pid => read(pid, 'cmdline').includes('kt-guard') && read(pid, 'stat').split(') ').at(-1).split(' ')[1] === String(process.ppid);
export const f = ktFunction(async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  writeFileSync('pids.new', [child.pid, process.pid, ...readdirSync('/proc').filter(isGuard)].join('\\n'));
  renameSync('pids.new', 'pids');
  ${then}
});
export default pipeline('p').job('f', f, () => ({}));
`;
const RUN = ['run', 'p.ts', '--executor', 'processes'];

/** What belongs to the driver in a folder: the process that a function began, the worker, its guard. */
function noted(dir: string): number[] {
  try {
    return readFileSync(join(dir, 'pids'), 'utf8').split('\n').map(Number);
  } catch {
    return [];
  }
}

/** Starts `kt run`, in a process group of its own, until its function has begun. */
async function begun(dir: string): Promise<{ driver: ChildProcess; pids: number[] }> {
  const driver = spawn(process.execPath, [BIN, ...RUN], { cwd: dir, stdio: 'ignore', detached: true });
  onTestFinished(() => {
    for (const pid of [driver.pid ?? 0, ...noted(dir)]) if (pid > 0 && !hasEnded(pid)) process.kill(pid, 9);
  });
  await expect.poll(() => noted(dir).length, { interval: 10, timeout: 20_000 }).toBe(3);
  return { driver, pids: noted(dir) };
}

const allEnded = (pids: readonly number[]): Promise<unknown> =>
  expect.poll(() => pids.filter(pid => !hasEnded(pid)), { interval: 10, timeout: 20_000 }).toEqual([]);

test('W5: kt is killed while a function spins - worker, what it began, and guard end', async () => {
  const dir = await project({ 'p.ts': noting('for (;;) if (Date.now() < 0) break;') });
  const { driver, pids } = await begun(dir);
  driver.kill('SIGKILL');
  await allEnded(pids);
});

test('W5: kt and its group are killed while a function waits - its last act is done, and all end', async () => {
  const waits = `process.once('exit', () => writeFileSync('last', 'done'));
  await new Promise(resolve => setTimeout(resolve, 1e8));`;
  const dir = await project({ 'p.ts': noting(waits) });
  const { driver, pids } = await begun(dir);
  process.kill(-(driver.pid ?? Number.NaN), 'SIGKILL');
  await allEnded(pids);
  expect(readFileSync(join(dir, 'last'), 'utf8')).toBe('done');
});

test('W5: a run ends - its guard ends with it, and holds nothing of kt open', async () => {
  const dir = await project({ 'p.ts': noting('') });
  expect(await kt(dir, RUN)).toMatchObject({ code: 0, err: '' });
  expect(noted(dir)).toHaveLength(3);
  await allEnded(noted(dir));
});
