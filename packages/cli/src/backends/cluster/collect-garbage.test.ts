import { paths } from '@kube-transform/runtime/kubernetes';
import { beforeEach, expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { addBundle, addJob, addRun, hasRun } from '../../../../../test/kit/kube-runs.js';
import type { CollectOptions } from '../backend.js';
import { ClusterBackend } from './cluster-backend.js';

const DAY_MS = 86_400_000;
const bench = new KubeBench();
let nowMs: number;

async function collected(options: Partial<CollectOptions> = {}): Promise<string[]> {
  const whole = { olderThanMs: 30 * DAY_MS, keep: 0, interrupted: false, dryRun: false, nowMs, ...options };
  const deleted = await new ClusterBackend(bench.api()).collect(whole);
  expect(deleted.filter(({ where, bytes }) => where !== 'test/ns' || bytes === 0)).toEqual([]);
  return deleted.map(({ kind, name }) => `${kind} ${name}`).sort();
}

beforeEach(() => {
  nowMs = bench.clock.nowMs();
  const old = { createdAtMs: nowMs - 40 * DAY_MS };
  const owner = addRun(bench.server, { runId: 'driven', status: 'Running', digest: 'd-driven', ...old });
  addJob(bench.server, { runId: 'driven', component: 'controller', owner });
  addRun(bench.server, { runId: 'left', status: 'Running', digest: 'd-left', ...old });
  const ended = addRun(bench.server, { runId: 'old', status: 'Failed', digest: 'd-old', ...old });
  addJob(bench.server, { runId: 'old', component: 'task', owner: ended });
  addRun(bench.server, { runId: 'new', status: 'Completed', digest: 'd-new', createdAtMs: nowMs - 2000 });
  for (const digest of ['d-driven', 'd-left', 'd-old', 'd-new']) addBundle(bench.server, digest);
  nowMs += 2 * 3_600_000;
});

test('GC1: a run that is driven stays, and one that was left unless it is asked for', async () => {
  expect(await collected({ olderThanMs: 0 })).toEqual([
    ...['bundle d-new', 'bundle d-old', 'run new', 'run old'],
  ]);
  expect(await collected({ olderThanMs: 0, interrupted: true })).toEqual(['bundle d-left', 'run left']);
  expect(hasRun(bench.server, 'driven')).toBe(true);
});

test('GC1: young runs stay, and the newest ones that are to be kept', async () => {
  expect(await collected({ dryRun: true })).toEqual(['bundle d-old', 'run old']);
  expect(await collected({ dryRun: true, keep: 1 })).toEqual(['bundle d-old', 'run old']);
  expect(await collected({ dryRun: true, keep: 4 })).toEqual([]);
  expect(hasRun(bench.server, 'old')).toBe(true);
});

test('GC2: with its ConfigMap goes all that a run owns', async () => {
  const pods = (): number => bench.server.storage.all(paths.pods('ns')).length;
  expect(pods()).toBe(2);
  expect(await collected()).toEqual(['bundle d-old', 'run old']);
  expect([hasRun(bench.server, 'old'), pods()]).toEqual([false, 1]);
});

test('GC3: a bundle stays that a run may be about to be made with', async () => {
  addBundle(bench.server, 'd-young');
  nowMs = bench.clock.nowMs() + 60_000;
  expect(await collected({ olderThanMs: 3_600_000 })).toEqual(['run old']);
  expect(await collected({ olderThanMs: 3_600_000, nowMs: nowMs + 3_600_000 })).toEqual([
    ...['bundle d-new', 'bundle d-old', 'bundle d-young', 'run new'],
  ]);
});
