/** Pods of a scripted cluster that run in this process: quick, and as easily ended as a real one. */
import type { FileStore } from '@kube-transform/runtime';
import { omitUndefined } from '@kube-transform/sdk';
import { localHost, systemClock } from '@kube-transform/runtime/internal';
import { EXIT_CODE } from '../../packages/runtime/src/kubernetes/manifests/exit-codes.js';
import { type PodKnowledge, runPod } from '../../packages/runtime/src/worker/run-pod.js';
import type { WarmRequest } from '../../packages/runtime/src/ports/index.js';
import type { KubernetesExecutor } from '@kube-transform/runtime/kubernetes';
import type { Chance } from '../kit/lag-store/chance.js';
import type { BeginPod, PodProcess } from '../kit/kube-node.js';
import { catalogOf, hurried } from './simulated-run.js';

/** What a run's pods are given. */
export interface PodGround {
  runId: string;
  store: FileStore;
  chance: Chance;
  hint: KubernetesExecutor['hint'];
  assign: KubernetesExecutor['assign'];
  warm: KubernetesExecutor['warm'];
}

/** Begins the pods of runs, each on the ground of its run; some end early, some hints are lost. */
export const podsOn =
  (groundOf: (runId: string) => PodGround | undefined): BeginPod =>
  env => {
    const [runId = '', job = '', pods = ''] = ['KT_RUN', 'KT_JOB', 'KT_PODS'].map(name => env[name]);
    const ground = groundOf(runId);
    if (ground === undefined) return gone;
    const index = Number(env['JOB_COMPLETION_INDEX']);
    const stop = new AbortController();
    if (env['KT_WARM'] !== undefined) {
      const who = { warm: env['KT_WARM'], index, uid: env['KT_POD_UID'] ?? '' };
      return { ended: warm(() => groundOf(runId), who, stop), kill: () => (stop.abort(), true) };
    }
    const lanes = Number(env['KT_LANES'] ?? Number.POSITIVE_INFINITY);
    const ask = { job, wave: Number(env['KT_WAVE'] ?? 0), index };
    const all = async (): Promise<{ code: number; message: string }> => {
      let end = { code: 0, message: JSON.stringify({ begun: [], last: 0 }) };
      let isFailed = false;
      const begun = index < lanes ? await ground.assign({ ...ask, begins: 'first' }) : null;
      const step = begun?.step;
      let given = begun ?? (index < lanes ? { pod: podAt(pods, index) } : await ground.assign(ask));
      while (given !== null && given.pod !== null) {
        const { pod } = given;
        end = await run({ runId, job, pod, known: { ...given, step } }, ground, stop);
        isFailed ||= end.code === EXIT_CODE.failed;
        if (end.code !== 0 && end.code !== EXIT_CODE.failed) return end;
        const { last, segment } = JSON.parse(end.message) as { last: number; segment?: string };
        const done = { pod, last, ...omitUndefined({ segment }) };
        given = Number.isFinite(lanes) ? await ground.assign({ ...ask, done }) : null;
      }
      return isFailed ? { ...end, code: EXIT_CODE.failed } : end;
    };
    return { ended: all(), kill: () => (stop.abort(), true) };
  };

const gone: PodProcess = {
  ended: Promise.resolve({ code: EXIT_CODE.broken, message: '' }),
  kill: () => false,
};

/** A pod of no step, until it is told to end or nobody answers it. */
async function warm(
  groundOf: () => PodGround | undefined,
  who: { warm: string; index: number; uid: string },
  stop: AbortController,
): Promise<{ code: number; message: string }> {
  let done: WarmRequest['done'];
  let patience = 20;
  for (;;) {
    const ground = groundOf();
    if (ground === undefined || stop.signal.aborted) return { code: EXIT_CODE.stopped, message: '' };
    const given = await ground.warm({ ...who, ...omitUndefined({ done }) }, stop.signal);
    if (given === null && patience-- > 0) await systemClock.sleep(50);
    if (given === null ? patience > 0 : given.isLater === true) continue;
    if (given?.job === undefined || given.pod === null) return { code: 0, message: '' };
    const { job, pod } = given;
    const end = await run({ runId: ground.runId, job, pod, known: given }, ground, stop);
    if (end.code !== 0 && end.code !== EXIT_CODE.failed) return end;
    const { last, segment } = JSON.parse(end.message) as { last: number; segment?: string };
    done = { job, pod, last, ...omitUndefined({ segment }) };
  }
}

/** Pod of an index in ranges such as `0-2,5`. */
function podAt(ranges: string, index: number): number {
  const pods = ranges.split(',').flatMap(range => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return pods[index] ?? 0;
}

async function run(
  { known, ...order }: { runId: string; job: string; pod: number; known: PodKnowledge },
  { store, chance, hint }: PodGround,
  stop: AbortController,
): Promise<{ code: number; message: string }> {
  const { job, pod } = order;
  const limit = (work: () => Promise<void>): Promise<void> => work();
  const endsAt = chance.happens(0.1) ? chance.oneOf(3) : null;
  let events = 0;
  try {
    const outcome = await runPod(
      { ...order, crashed: [] },
      {
        ...localHost({ store, clock: hurried, catalog: catalogOf() }),
        ...{ limit, lanes: 2, ahead: 64, gather: () => Promise.resolve(), signal: stop.signal },
        pause: () => Promise.resolve(),
        returned: () => undefined,
        draining: () => false,
        emit: () => (events++ === endsAt ? stop.abort(new Error('The pod is taken away.')) : undefined),
      },
      known,
    );
    const { last = 0, segment } = outcome;
    if (!chance.happens(0.2)) hint({ job, pod, last, ...omitUndefined({ segment }) });
    const code = outcome.open > 0 ? EXIT_CODE.stopped : outcome.failed > 0 ? EXIT_CODE.failed : 0;
    return { code, message: JSON.stringify({ begun: [], last, pod, job, segment }) };
  } catch (error) {
    return {
      code: EXIT_CODE.broken,
      message: JSON.stringify({ begun: [], message: String(error), pod, job }),
    };
  }
}
