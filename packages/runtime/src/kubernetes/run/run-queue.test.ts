/** The queue of a namespace's runs. */
import fc from 'fast-check';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeApi } from '../api/kube-api.js';
import type { Job } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import { runsBefore, waitForTurn } from './run-queue.js';

const bench = new KubeBench();
let api: KubeApi;
beforeEach(() => {
  const token = () => Promise.resolve(undefined);
  const connection = { name: 'test', server: bench.server.url, namespace: 'ns', token };
  api = new KubeApi(connection, { clock: bench.clock });
});
afterEach(() => api.close());
const controller = (runId: string, second: number, ended = false): Job => ({
  metadata: {
    name: `kt-${runId}-c${second}`,
    creationTimestamp: `2030-01-01T00:00:${String(second).padStart(2, '0')}Z`,
    labels: { [LABEL.component]: 'controller', [LABEL.managedBy]: 'kt' },
    annotations: { [ANNOTATION.runId]: runId },
  },
  status: { conditions: ended ? [{ type: 'Complete', status: 'True' }] : [] },
});

test('RQ1: at any moment no more runs than allowed may go on, and each of them may until it has ended', () => {
  const jobs = fc.array(fc.tuple(fc.nat(9), fc.nat(58), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 5 }), (made, maxRuns) => {
      const all = made.map(([run, second, ended]) => controller(`r${run}`, second, ended));
      const live = new Set(made.filter(([, , ended]) => !ended).map(([run]) => `r${run}`));
      const allowed = [...live].filter(run => runsBefore(run, all).length < maxRuns);
      expect(allowed).toHaveLength(Math.min(maxRuns, live.size));
      // Those who come later put nobody back.
      for (const run of allowed)
        expect(runsBefore(run, [...all, controller('new', 59)]).length).toBeLessThan(maxRuns);
    }),
  );
});

test('a run waits for its turn - and says who goes before', async () => {
  const { server } = bench;
  for (const [i, run] of ['a', 'b', 'c'].entries())
    server.storage.create(paths.jobs('ns'), { ...controller(run, i) });
  const said: string[] = [];
  const stop = new AbortController();
  const turn = waitForTurn(api, {
    runId: 'c',
    maxRuns: 1,
    clock: bench.clock,
    signal: stop.signal,
    onWaiting: message => said.push(message),
    onTrouble: error => expect.fail(String(error)),
  });
  await server.hasBeenAsked(/watch=true/);
  server.storage.delete(paths.jobs('ns'), 'kt-a-c0');
  await expect.poll(() => said.length).toBe(2);
  server.storage.delete(paths.jobs('ns'), 'kt-b-c1');
  await turn;
  expect(said).toEqual([
    'The namespace drives 1 run at once ("maxRuns" of kt.config.ts), and that many are under way (a, b): 1 more wait before this one.',
    'The namespace drives 1 run at once ("maxRuns" of kt.config.ts), and that many are under way (b): this one is next.',
  ]);
});

test('a run that is cancelled waits no longer', async () => {
  bench.server.storage.create(paths.jobs('ns'), { ...controller('a', 0) });
  const stop = new AbortController();
  const turn = waitForTurn(api, {
    runId: 'b',
    maxRuns: 1,
    clock: bench.clock,
    signal: stop.signal,
    onWaiting: () => stop.abort(),
    onTrouble: () => undefined,
  });
  await turn;
});
