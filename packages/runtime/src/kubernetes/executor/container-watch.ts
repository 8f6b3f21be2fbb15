/*
 * Follows the pods of container steps: those that wait are told what they run, what they print is read, and
 * what came of them is stored.
 *
 * CD1 A pod is dealt with once at a time, and again after a restart; that it was dealt with is in the store.
 * - Pods of steps without containers are never looked at here; a run without container steps has no such
 *   watch.
 * CD2 Half of what happens to a pod happens before its node has begun it, and is heard only of pods that wait
 *     to be told what they run, until they have a node: a watch that hears everything costs the API server
 *     and this process a fifth more for each pod.
 */
import pLimit from 'p-limit';
import { omitUndefined } from '@kube-transform/sdk';
import type { Hint } from '../../ports/index.js';
import type { manifestReader } from '../../run-store/job-manifest.js';
import { attemptTimeoutMs } from '../../worker/retry-policy.js';
import { isKubeError } from '../api/kube-error.js';
import type { Job, Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { watch } from '../api/watch.js';
import { readPlaces } from '../containers/container-groups.js';
import { hasDone, hasEnded, isAtWork, isWaiting } from '../containers/container-status.js';
import type { ContainerPod, ContainerSteps } from '../containers/container-steps.js';
import { ANNOTATION, JOB_INDEX, JOB_NAME, LABEL, selectRun } from '../manifests/names.js';
import type { JobExecution } from './job-execution.js';
import type { KubernetesOptions } from './options.js';

/** Pods that are dealt with at once. */
const AT_ONCE = 24;
const DENIED_FOR_MS = 300_000;
/** When a pod is dealt with again that could not be. */
const AGAIN_MS = 1000;
const BEGUN = 'status.phase!=Pending';
const WITHOUT_NODE = 'status.phase=Pending,spec.nodeName=';

/** Whom to ask, and to tell. */
export interface ContainerWatcher {
  manifests: ReturnType<typeof manifestReader>;
  executionOf(job: string): JobExecution | undefined;
  /** There is something new in the store. */
  recorded(hint: Hint): void;
  /** A pod that failed; others judge it. */
  podFailed(pod: Pod): void;
  /** The store has failed, or the watch has ended with an error. */
  broke(error: unknown): void;
}

/** Watches the pods of the container steps of a run. */
export class ContainerWatch {
  readonly #o: Omit<KubernetesOptions, 'store'>;
  readonly #steps: ContainerSteps;
  readonly #watcher: ContainerWatcher;
  readonly #limit = pLimit(AT_ONCE);
  /** What has been done for a pod, by uid and deed. */
  readonly #done = new Set<string>();
  #watching: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;

  constructor(options: Omit<KubernetesOptions, 'store'>, steps: ContainerSteps, watcher: ContainerWatcher) {
    this.#o = options;
    this.#steps = steps;
    this.#watcher = watcher;
  }

  /** Begins to watch, once. */
  begin(signal: AbortSignal): void {
    this.#watching ??= this.#watch(BEGUN, signal);
  }

  /** A Job was seen: where its pods wait to be told what they run, such are watched too. */
  jobIs({ metadata }: Job, signal: AbortSignal): void {
    if ((metadata.annotations?.[ANNOTATION.varied] ?? '') !== '')
      this.#waiting ??= this.#watch(WITHOUT_NODE, signal);
  }

  /** Resolves when nothing is told any more. */
  async ended(): Promise<void> {
    await Promise.all([this.#watching, this.#waiting]);
  }

  async #watch(fieldSelector: string, signal: AbortSignal): Promise<void> {
    await this.#follow(fieldSelector, signal).catch((error: unknown) => this.#watcher.broke(error));
  }

  async #follow(fieldSelector: string, signal: AbortSignal): Promise<void> {
    const { api, clock, frame, onTrouble, onPassed } = this.#o;
    const labelSelector = `${selectRun(frame.runId, 'task')},${LABEL.container}=true`;
    const options = { clock, signal, deniedForMs: DENIED_FOR_MS, onTrouble, ...omitUndefined({ onPassed }) };
    const target = { path: paths.pods(frame.settings.namespace), labelSelector, fieldSelector };
    for await (const news of watch<Pod>(api, target, options)) {
      if (news.type === 'gone') continue;
      for (const pod of news.type === 'list' ? news.items : [news.object]) this.#see(pod, signal);
    }
  }

  #see(pod: Pod, signal: AbortSignal): void {
    const isOver = hasEnded(pod) || hasDone(pod);
    const deed = isWaiting(pod) ? 'told' : isOver ? 'ended' : isAtWork(pod) ? 'begun' : null;
    if (deed === null) return;
    const key = `${deed} ${pod.metadata.uid ?? ''}`;
    if (this.#done.has(key)) return;
    this.#done.add(key);
    void this.#limit(async () => {
      if (signal.aborted) return;
      try {
        // The answer to the call that made its Job may come after it.
        if (!(await this.#deal(pod, deed))) void this.#again(pod, { key, signal });
      } catch (error) {
        if (this.#isOver(signal)) return;
        if (!isKubeError(error)) return this.#watcher.broke(error);
        this.#o.onTrouble(error);
        void this.#again(pod, { key, signal });
      }
    });
  }

  /** Has a pod dealt with again, as it was seen last: a right may be given meanwhile. */
  async #again(pod: Pod, { key, signal }: { key: string; signal: AbortSignal }): Promise<void> {
    await this.#o.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    this.#done.delete(key);
    if (!signal.aborted) this.#see(pod, signal);
  }

  #isOver(signal: AbortSignal): boolean {
    return signal.aborted;
  }

  /** Does what is to be done for a pod; false where its step or Job is not known yet. */
  async #deal(pod: Pod, deed: 'told' | 'begun' | 'ended'): Promise<boolean> {
    const execution = this.#watcher.executionOf(pod.metadata.annotations?.[ANNOTATION.job] ?? '');
    const { [JOB_NAME]: name, [JOB_INDEX]: index } = pod.metadata.labels ?? {};
    const wave = execution?.waves.find(one => one.name === name);
    const item = wave?.podAt(Number(index));
    if (execution?.isSettled === true) return true;
    if (execution === undefined || wave === undefined || item === undefined) return false;
    const manifest = await this.#watcher.manifests(execution.order.runId, execution.name);
    if (manifest === null) return false;
    const of: ContainerPod = { pod, manifest, item };
    if (deed === 'told') {
      await this.#steps.admit(of, readPlaces(wave.job.metadata.annotations?.[ANNOTATION.varied]));
    } else if (deed === 'begun') {
      await this.#steps.began(of, attemptTimeoutMs(manifest.job));
    } else if (execution.tally.isOpen(item)) {
      const hint = await this.#steps.settle(of, await this.#steps.ended(of));
      if (hint !== null) this.#watcher.recorded(hint);
      else if (hasEnded(pod)) this.#watcher.podFailed(pod);
      // Its pod may be read yet when it has ended.
      else this.#done.delete(`ended ${pod.metadata.uid ?? ''}`);
    }
    return true;
  }
}
