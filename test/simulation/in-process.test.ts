/** Runs in this process, on a store that does all that a store may do: right, or they say so. */
import { expect, test } from 'vitest';
import { inProcessExecutor, localHost } from '@kube-transform/runtime/internal';
import { catalogOf, faultsOf, hurried, type MakeExecutor, SimulatedRun } from './simulated-run.js';
import { seedsOf } from './seeds.js';

const inProcess: MakeExecutor = ({ store }) =>
  inProcessExecutor({
    host: { ...localHost({ store, clock: hurried, catalog: catalogOf() }), pause: () => Promise.resolve() },
    concurrency: 3,
  });

const PATIENT = { timeout: 300_000 };

test(
  'with any seed (CI: 1,960) no run says Completed with other results, and on a disk none is lost',
  PATIENT,
  async () => {
    let drives = 0;
    const lost: number[] = [];
    for (const seed of seedsOf(1960)) {
      const faults = faultsOf(seed);
      const run = new SimulatedRun(inProcess, faults);
      const said = await run.run();
      drives += run.drives;
      if (said === 'Completed') continue;
      // Where writes are not flushed, a power cut may take what cannot be made again.
      const isDurable = faults.isDurable?.('kt-metadata/x');
      expect([seed, said, isDurable], run.said.join('\n')).toEqual([seed, 'BAD_RUN', false]);
      lost.push(seed);
    }
    expect(drives).toBeGreaterThan(seedsOf(1960).length);
    expect(lost.length).toBeLessThan(100);
  },
);

test(
  'the power cut with each write (CI: 200 times and more): all go on, and are right',
  PATIENT,
  async () => {
    let runs = 0;
    let damage = 0;
    const seeds = seedsOf(8);
    for (const seed of seeds) {
      for (let write = 0, isReached = true; isReached; write++) {
        const powerCut = (_: unknown, drive: number): number | null => (drive === 0 ? write : null);
        const run = new SimulatedRun(inProcess, { seed: 1000 * seed + write }, { twoDrivers: 0, powerCut });
        expect([seed, write, await run.run()]).toEqual([seed, write, 'Completed']);
        isReached = run.drives > 1;
        runs++;
        damage += run.damage;
      }
    }
    expect([runs >= 25 * seeds.length, damage > 2 * seeds.length]).toEqual([true, true]);
  },
);
