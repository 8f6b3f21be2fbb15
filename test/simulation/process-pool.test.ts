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

const FAULTY_DISK = new URL('./faulty-disk.mjs', import.meta.url).href;

let dir: string;
let entry: string;
let before: string | undefined;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-simulated-'));
  const entries = [join(root, 'test/fixtures/functions/simulated.ts')];
  ({ worker: entry } = await makeBundle({ entries, projectDir: root }));
  before = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `${before ?? ''} --import=${FAULTY_DISK}`;
});
afterAll(async () => {
  if (before === undefined) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = before;
  delete process.env['KT_FAULTY_DISK'];
  await rm(dir, { recursive: true, force: true });
});

/** A pool whose workers find their disk failing, in each drive otherwise. */
const onPool =
  (folder: string, perMille: number): MakeExecutor =>
  ({ store, chance }) => {
    const { url } = store.capabilities;
    if (url === null) throw new Error('a store that no worker can open');
    process.env['KT_FAULTY_DISK'] = JSON.stringify({ folder, seed: chance.oneOf(1e9), perMille });
    return processPoolExecutor({ entry, storeUrl: url, clock: systemClock, workers: 2 });
  };

test('on 24 seeds no run says Completed with other results', { timeout: 300_000 }, async () => {
  let failed = 0;
  for (const seed of seedsOf(24)) {
    const folder = join(dir, String(seed));
    // Workers would outlive the power.
    const disturbances = { inner: localFileStore(folder), twoDrivers: 0, powerCut: () => null };
    const run = new SimulatedRun(onPool(folder, 3 * (seed % 4)), faultsOf(seed), disturbances);
    expect([seed, await run.run()], run.said.join('\n')).toEqual([seed, 'Completed']);
    failed += run.said.filter(text => text.includes('EIO')).length;
  }
  expect(failed).toBeGreaterThan(0);
});
