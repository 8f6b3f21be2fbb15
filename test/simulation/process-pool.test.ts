/** Runs in worker processes, driven on a store that lags and fails: right, or they say so. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBundle } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import { processPoolExecutor, systemClock } from '@kube-transform/runtime/internal';
import { root } from '../kit/sources.js';
import { seedsOf } from './seeds.js';
import { faultsOf, type MakeExecutor, SimulatedRun } from './simulated-run.js';

let dir: string;
let onPool: MakeExecutor;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-simulated-'));
  const entries = [join(root, 'test/fixtures/functions/simulated.ts')];
  const { worker: entry } = await makeBundle({ entries, projectDir: root });
  onPool = ({ store }) =>
    processPoolExecutor({ entry, storeUrl: store.capabilities.url ?? '', clock: systemClock, workers: 2 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('on 8 seeds no run says Completed with other results', { timeout: 300_000 }, async () => {
  for (const seed of seedsOf(8)) {
    const inner = localFileStore(join(dir, String(seed)));
    // Workers meet no faults, and would outlive the power.
    const calm = { inner, twoDrivers: 0, powerCut: () => null };
    const run = new SimulatedRun(onPool, faultsOf(seed), calm);
    expect([seed, await run.run()], run.said.join('\n')).toEqual([seed, 'Completed']);
  }
});
