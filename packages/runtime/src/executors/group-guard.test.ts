import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { hasEnded } from '../../../../test/kit/kt.js';
import { GroupGuard } from './group-guard.js';

/** A process that leads a group. */
function leader(): ChildProcess & { pid: number } {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { pid: number };
}

/** Whether a process has got so far as to ignore SIGTERM. */
function ignoresTerm(pid: number | undefined): boolean {
  const [, ignored = '0'] = /^SigIgn:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number.parseInt(ignored.slice(-8), 16) & (1 << (constants.signals.SIGTERM - 1))) !== 0;
}

const ended = (pid: number | undefined): Promise<unknown> =>
  expect.poll(() => hasEnded(pid ?? Number.NaN), { interval: 10, timeout: 20_000 }).toBe(true);

test('W5: a guard - ends the groups that are left at the end of its input, and no other', async () => {
  const [left, forgotten, never] = [leader(), leader(), leader()];
  const guard = new GroupGuard({ graceS: 0 });
  guard.watch(left.pid);
  guard.watch(forgotten.pid);
  guard.forget(forgotten.pid);
  guard.close();
  expect(await once(left, 'exit')).toEqual([null, 'SIGKILL']);
  await ended(guard.pid);
  expect([forgotten, never].map(({ pid }) => hasEnded(pid))).toEqual([false, false]);
});

test('W5: a guard - ends what a leader that has ended left in its group', async () => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; read -r line'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const guard = new GroupGuard({ graceS: 0 });
  guard.watch(shell.pid ?? Number.NaN);
  const child = Number(await once(shell.stdout, 'data'));
  shell.stdin.end('\n');
  await once(shell, 'exit');
  expect(hasEnded(child)).toBe(false);
  guard.close();
  await ended(child);
});

test('W5: a guard - is not ended by the signals of a terminal', async () => {
  const left = leader();
  const guard = new GroupGuard({ graceS: 0 });
  guard.watch(left.pid);
  await expect.poll(() => ignoresTerm(guard.pid), { interval: 10, timeout: 20_000 }).toBe(true);
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'] as const)
    process.kill(guard.pid ?? Number.NaN, signal);
  guard.close();
  expect(await once(left, 'exit')).toEqual([null, 'SIGKILL']);
});

test('W5: a guard that was ended - breaks nothing', async () => {
  const left = leader();
  const guard = new GroupGuard({ graceS: 0 });
  guard.watch(left.pid);
  process.kill(guard.pid ?? Number.NaN, 'SIGKILL');
  await ended(guard.pid);
  for (let i = 0; i < 10; i++) {
    guard.watch(left.pid);
    guard.forget(left.pid);
    await new Promise(setImmediate);
  }
  guard.close();
  expect(hasEnded(left.pid)).toBe(false);
});
