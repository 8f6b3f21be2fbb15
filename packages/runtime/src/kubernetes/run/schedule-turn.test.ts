/** The turns of schedules: which run is begun, and which are in its way. */
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeApi } from '../api/kube-api.js';
import type { ConfigMap } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { ANNOTATION, deploymentName, LABEL, runLabels, runName } from '../manifests/names.js';
import { takeTurn, type Turn } from './schedule-turn.js';

const bench = new KubeBench();
const apis: KubeApi[] = [];
const newApi = (): KubeApi => {
  const token = () => Promise.resolve(undefined);
  const api = new KubeApi(
    { name: 'test', server: bench.server.url, namespace: 'ns', token },
    { clock: bench.clock },
  );
  apis.push(api);
  return api;
};
let api: KubeApi;
let cancelled: string[];
beforeEach(() => {
  api = newApi();
  cancelled = [];
  bench.server.storage.create(paths.configMaps('ns'), { metadata: { name: deploymentName('p') } });
});
afterEach(() => {
  for (const made of apis.splice(0)) made.close();
});

const turn = (more: Partial<Turn> = {}): Turn => ({
  ...{ pipeline: 'p', schedule: 'kt-p-night', runId: 'mine', policy: 'Forbid', clock: bench.clock },
  onCancelled: id => cancelled.push(id),
  ...more,
});
const at = (agoMs: number): string => new Date(bench.clock.nowMs() - agoMs).toISOString();

interface Other {
  status?: 'Running' | 'Interrupted' | 'Cancelled' | 'Completed' | null;
  isDriven?: boolean;
  isCancelled?: boolean;
  /** Pods of its step that work. */
  active?: number;
  agoMs?: number;
}

/** Another run of the schedule. */
function addRun(
  runId: string,
  { status = 'Running', isDriven = false, agoMs = 3_600_000, ...more }: Other,
): void {
  const { isCancelled = false, active } = more;
  const labels = { ...runLabels(runId, 'p', 'run'), [LABEL.schedule]: 'kt-p-night' };
  const summary = {
    runId,
    pipeline: 'p',
    status,
    startedMs: 1,
    updatedMs: 1,
    jobs: [],
    counts: {},
    failures: [],
  };
  const rest = { result: null, lastError: null, problem: null, trouble: null };
  bench.server.storage.create(paths.configMaps('ns'), {
    metadata: {
      name: runName(runId),
      labels,
      annotations: { [ANNOTATION.runId]: runId },
    },
    data: {
      ...(status === null ? {} : { summary: JSON.stringify({ ...summary, ...rest }) }),
      ...(isCancelled ? { cancel: at(1000) } : {}),
    },
  });
  // The storage stamps what is made.
  const metadata = { creationTimestamp: at(agoMs) };
  bench.server.storage.patch(paths.configMaps('ns'), runName(runId), { metadata });
  const addJob = (component: 'controller' | 'task', pods: number): void => {
    const metadata = { name: `${component}-${runId}`, labels: runLabels(runId, 'p', component) };
    bench.server.storage.create(paths.jobs('ns'), { metadata, status: { active: pods } });
  };
  if (isDriven) addJob('controller', 1);
  if (active !== undefined) addJob('task', active);
}

describe('ST2: under Forbid a run', () => {
  test.each<[string, Other, boolean]>([
    ['that is driven', { isDriven: true }, true],
    ['that is being cancelled', { isDriven: true, isCancelled: true }, true],
    [
      'that was cancelled, and whose pods are still at work',
      { status: 'Cancelled', isCancelled: true, active: 2 },
      true,
    ],
    ['that was cancelled, and is over', { status: 'Cancelled', isCancelled: true, active: 0 }, false],
    ['whose controller is gone while its pods work', { active: 1 }, true],
    ['that was interrupted, and whose pods work', { status: 'Interrupted', active: 1 }, true],
    ['that was interrupted, and of which nothing works', { status: 'Interrupted', active: 0 }, false],
    ['that nobody drives and of which nothing works', { active: 0 }, false],
    ['that is just being begun', { status: null, agoMs: 5000 }, true],
    ['whose beginning broke off long ago', { status: null }, false],
    ['that has ended', { status: 'Completed', active: 1 }, false],
  ])('%s', async (_, other, isInTheWay) => {
    addRun('other', other);
    expect(await takeTurn(api, turn())).toEqual(isInTheWay ? ['other'] : []);
    expect(cancelled).toEqual([]);
  });

  test('of itself, begun by a launcher that was killed, is not in its own way', async () => {
    addRun('mine', { isDriven: true });
    expect(await takeTurn(api, turn())).toEqual([]);
    expect(await takeTurn(api, turn())).toEqual([]);
  });
});

test('under Allow a run is begun beside others', async () => {
  addRun('other', { isDriven: true });
  expect(await takeTurn(api, turn({ policy: 'Allow' }))).toEqual([]);
});

test('ST1: of launchers at one instant - one begins a run', async () => {
  const turns = ['a', 'b', 'c', 'd'].map(runId => takeTurn(newApi(), turn({ runId })));
  const allowed = (await Promise.all(turns)).filter(inTheWay => inTheWay.length === 0);
  expect(allowed).toHaveLength(1);
});

test('ST1: what a launcher was about to begin is in the way for a while, not for ever', async () => {
  await takeTurn(api, turn({ runId: 'never-made' }));
  expect(await takeTurn(api, turn())).toEqual(['never-made']);
  bench.clock.advance(600_000);
  expect(await takeTurn(api, turn())).toEqual([]);
});

test('ST2: Replace - cancels what is in the way, and waits until none of it works', async () => {
  addRun('driven', { isDriven: true, active: 1 });
  addRun('left', { active: 1 });
  const { storage } = bench.server;
  const begun = takeTurn(api, turn({ policy: 'Replace' }));
  // Its controller ends it, in its own time.
  const isFlagged = (): boolean => {
    const { data } = storage.get(paths.configMaps('ns'), runName('driven')) as unknown as ConfigMap;
    return data?.['cancel'] !== undefined;
  };
  await bench.server.hasBeenAsked(/^PATCH .*kt-driven/);
  await bench.server.hasBeenAsked(/^GET .*component=controller/, 4);
  expect(isFlagged()).toBe(true);
  for (const kind of ['controller', 'task']) storage.delete(paths.jobs('ns'), `${kind}-driven`);
  expect(await begun).toEqual([]);
  expect(cancelled.sort()).toEqual(['driven', 'left']);
  expect(storage.all(paths.jobs('ns'))).toEqual([]);
});

test('ST2: Replace - says when what it replaces does not end', async () => {
  addRun('stuck', { isDriven: true, active: 1 });
  await expect(takeTurn(api, turn({ policy: 'Replace' }))).rejects.toMatchObject({
    code: 'RUN_NOT_ENDED',
    message: expect.stringContaining('stuck'),
  });
});
