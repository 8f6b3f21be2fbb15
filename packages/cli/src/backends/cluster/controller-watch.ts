/*
 * Looks after a run's controller while nothing is heard of it: says why it waits, and that it will never
 * come.
 *
 * CW1 A run that is heard of costs no request. One that is quiet, as a long step is, costs one every 15
 *     seconds.
 * CW2 Nothing is changed: a run whose controller waits goes on by itself when what it waits for is there,
 *     also when nobody follows it.
 */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { fits, isOver, record, text as word, tryJson } from '@kube-transform/runtime/internal';
import {
  diagnose,
  InquiryOfJob,
  type ConfigMap,
  isKubeError,
  type Job,
  type KubeApi,
  type KubeObject,
  paths,
  type Pod,
  terminationOf,
  runName,
  selectPodsOf,
  selectRun,
  StartTimeout,
  type PendingReason,
} from '@kube-transform/runtime/kubernetes';
import { runOf } from './find-runs.js';
import { shellWord } from '../../terminal/plain-text.js';

const QUIET_MS = 15_000;
const CHECK_MS = 1000;
const LOG_LINES = 5;

/** How a controller stands. */
export type ControllerState =
  | { is: 'well' }
  /** It runs, and has not begun the run. */
  | { is: 'stuck'; words: string }
  /** There is no Job for it. */
  | { is: 'gone' }
  /** Kubernetes has given it up. */
  | { is: 'failed'; words: string }
  /** It ended, and Kubernetes will start it again. */
  | { is: 'restarting'; words: string; times: number }
  | { is: 'waiting'; waiting: PendingReason };

/**
 * Asks the cluster how the controller of a run stands. `isHeard`: it has reported something; of one that has
 * not, and runs, its log is read.
 */
export async function controllerState(
  api: KubeApi,
  runId: string,
  { isHeard, signal }: { isHeard: boolean; signal?: AbortSignal },
): Promise<ControllerState> {
  const labelSelector = selectRun(runId, 'controller');
  const { items } = await api.list<Job>(paths.jobs(api.namespace), { labelSelector, signal, retryForMs: 0 });
  const job = items.sort((a, b) => madeMs(b) - madeMs(a))[0];
  if (job === undefined) return { is: 'gone' };
  const { conditions = [], ready = 0, active = 0, failed = 0 } = job.status ?? {};
  const given = conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (given !== undefined)
    return {
      is: 'failed',
      words: await lastWords(api, job, given.message ?? given.reason ?? 'its Job failed'),
    };
  if (conditions.some(({ type, status }) => type === 'Complete' && status === 'True')) return { is: 'well' };
  if (ready > 0) {
    const words = isHeard ? null : await lastTrouble(api, job);
    return words === null ? { is: 'well' } : { is: 'stuck', words };
  }
  if (active === 0 && failed > 0)
    return { is: 'restarting', words: await lastWords(api, job, 'its pod failed'), times: failed };
  const waiting = await diagnose(new InquiryOfJob(api, signal), job);
  return waiting === null ? { is: 'well' } : { is: 'waiting', waiting };
}

const madeMs = ({ metadata }: KubeObject): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

/** What keeps its pod, as that says itself; null where it says nothing. */
async function lastTrouble(api: KubeApi, job: Job): Promise<string | null> {
  const pod = await lastPod(api, job, 'Running');
  return pod === undefined ? null : await lastSaid(api, pod.metadata.name, /^\{"level":"(?:warn|error)"/);
}

/** The last pod of a Job in such a phase. */
async function lastPod(api: KubeApi, { metadata }: Job, phase: string): Promise<Pod | undefined> {
  const labelSelector = selectPodsOf(metadata.name);
  const which = { labelSelector, fieldSelector: `status.phase=${phase}`, retryForMs: 0 };
  const { items } = await api.list<Pod>(paths.pods(api.namespace), which);
  return items.sort((a, b) => madeMs(b) - madeMs(a))[0];
}

/** What its last pod said before it ended. */
async function lastWords(api: KubeApi, job: Job, otherwise: string): Promise<string> {
  const pod = await lastPod(api, job, 'Failed');
  if (pod === undefined) return otherwise;
  const logged = await lastSaid(api, pod.metadata.name, /^\{"level":"error"/);
  return (
    logged ??
    terminationOf(pod, {
      memory: pod.spec?.containers?.[0]?.resources?.limits?.['memory'] ?? '?',
      timeoutMs: null,
    }).cause.message
  );
}

const SAID = record<{ message: string }>({ message: word });

/** The last line of such a kind in a controller's log; null where there is none, or it may not be read. */
async function lastSaid(api: KubeApi, pod: string, kind: RegExp): Promise<string | null> {
  let text = '';
  try {
    for await (const chunk of api.stream(paths.podLog(api.namespace, pod), {
      query: { container: 'main', tailLines: LOG_LINES },
    }))
      text += Buffer.from(chunk).toString();
  } catch (error) {
    if (!isKubeError(error)) throw error;
  }
  const line = text.split('\n').findLast(one => kind.test(one));
  return line === undefined ? null : (fits(SAID, tryJson(line))?.message ?? null);
}

/** What is needed to look after a controller. */
export interface ControllerWatch {
  note: (text: string) => void;
  /** When something was last heard of the run; null: never. */
  heardMs: () => number;
  signal: AbortSignal;
  clock: Clock;
}

/** Looks after a controller until the signal. @throws KtError `CONTROLLER_FAILED` where it will not come. */
export async function watchController(
  api: KubeApi,
  runId: string,
  { note, heardMs, signal, clock }: ControllerWatch,
): Promise<void> {
  const startTimeout = new StartTimeout(clock.elapsedMs());
  let told = '';
  let gone = 0;
  let wellMs = 0;
  const isLeft = (): boolean => signal.aborted;
  const tell = (text: string): void => {
    if (text !== told && text !== '') note(text);
    told = text;
  };
  for (;;) {
    await clock.sleep(CHECK_MS, signal).catch(() => undefined);
    if (isLeft()) return;
    const nowMs = clock.elapsedMs();
    if (nowMs - Math.max(wellMs, heardMs()) < QUIET_MS) startTimeout.started(nowMs);
    if (startTimeout.pauseMs(nowMs) > 0) continue;
    try {
      const state = await controllerState(api, runId, { isHeard: heardMs() > 0, signal });
      if (state.is === 'well' || state.is === 'stuck') wellMs = nowMs;
      gone = state.is === 'gone' ? gone + 1 : 0;
      if (state.is === 'restarting') startTimeout.note(String(state.times), clock.elapsedMs());
      const { message, expired } = startTimeout.observe(
        state.is === 'waiting' ? state.waiting : null,
        clock.elapsedMs(),
      );
      if (state.is === 'failed' || gone > 1 || expired !== null) {
        if (await hasEnded(api, runId)) continue;
        throw controllerFailed(runId, state, expired);
      }
      if (state.is === 'restarting')
        tell(`the controller ended, and Kubernetes starts it again: ${state.words}`);
      else if (state.is === 'stuck') tell(`the controller runs and has not begun the run: ${state.words}`);
      else tell(message === null ? '' : `the controller is waiting because ${message}`);
    } catch (error) {
      if (isLeft()) return;
      if (!isKubeError(error)) throw error;
      // Who may not look learns the same from the run's own summary, only later.
      if (error.status === 403) return;
    }
  }
}

/** The last word of a run may come after its controller has gone. */
async function hasEnded(api: KubeApi, runId: string): Promise<boolean> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(runId)), { retryForMs: 0 });
  const run = object === null ? null : runOf(object);
  return run !== null && isOver(run.summary);
}

function controllerFailed(runId: string, state: ControllerState, expired: PendingReason | null): KtError {
  const problem = (message: string, hint: string): KtError =>
    new KtError({ code: 'CONTROLLER_FAILED', path: 'run', message, hint });
  const resume = `Then: kt submit --resume ${shellWord(runId)}`;
  if (state.is === 'failed') {
    return problem(
      `The controller of run "${runId}" failed, and Kubernetes does not start it again: ${state.words}`,
      resume,
    );
  }
  if (expired === null)
    return problem(
      `Run "${runId}" has no controller: its Job was deleted.`,
      `Start another: kt submit --resume ${shellWord(runId)}`,
    );
  return problem(
    `The controller of run "${runId}" has not started, because ${expired.message}.`,
    `${expired.remedy} The run then begins by itself: kt status ${shellWord(runId)} --follow; or give it up: kt cancel ${shellWord(runId)}`,
  );
}
