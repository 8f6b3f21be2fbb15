import { newJobProgress, newRunSummary } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import type { Output } from '../terminal/output.js';
import { printStatus } from './print-status.js';

const ref = { runId: 'r', where: 'k/ns', verb: 'kt submit', createdMs: 0, source: { functions: [] } };

test('pods at work - are named below the steps, of each step three', () => {
  const lines: string[] = [];
  const output = { out: (line: string) => void lines.push(line) } as unknown as Output;
  const of = (job: string | null, ...names: string[]): { name: string; job: string | null }[] =>
    names.map(name => ({ name, job }));
  const run = newRunSummary({ runId: 'r', pipeline: 'p', createdMs: 0, retryOf: null });
  const jobs = ['a', 'b', 'c'].map(newJobProgress);
  const pods = [...of('a', 's', 't', 'u', 'v'), ...of(null, 'w'), ...of('b', 'x', 'y', 'z')];
  printStatus({ ...run, jobs, pods }, ref as never, output);
  expect(lines.slice(-3)).toEqual([
    'a: runs in s, t, u, …',
    'steps that share pods: runs in w',
    'b: runs in x, y, z',
  ]);
});
