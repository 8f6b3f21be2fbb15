/*
 * What follows when pods end without having done their items.
 *
 * Z1 Each ended pod is dealt with once: what its end means is on record before its index counts as handled.
 * Z2 A pod that ends three times before it begins an item fails its job: what it needs is not there. So does
 *    one whose store fails ten times.
 * Z3 That a pod succeeded, as Kubernetes sees it, is no reason to think that its items are done.
 */
import type { FailureCause } from '@kube-transform/sdk';
import type { JobManifest } from '../../run-store/job-manifest.js';
import type { Clock } from '../../ports/index.js';
import { backoffMs } from '../../worker/backoff.js';
import { recordPodFailure, timeoutOf } from './charge-attempts.js';
import { paths } from '../api/paths.js';
import type { KubernetesOptions } from './options.js';
import { parseRanges } from '../manifests/index-ranges.js';
import { JOB_NAME } from '../manifests/names.js';
import type { Pod } from '../api/objects.js';
import { DID_NOTHING, type PodTermination, terminationOf } from '../diagnosis/pod-termination.js';
import type { JobExecution } from './job-execution.js';
import { failedIndexes, podAt, type Wave } from './waves.js';

const MAX_FALSE_STARTS = 3;
/** How often the store may fail a pod, with growing pauses: about four minutes. */
const MAX_STORE_FAILURES = 10;
const INDEX_LABEL = 'batch.kubernetes.io/job-completion-index';

/** Deals with the ends of pods. */
export class PodFailures {
  readonly #o: Pick<KubernetesOptions, 'api' | 'store' | 'clock' | 'frame'>;
  /** Failed pods by Job and index, as far as they were seen. */
  readonly #pods = new Map<string, Pod>();
  readonly #charged = new Set<string>();

  constructor(options: Pick<KubernetesOptions, 'api' | 'store' | 'clock' | 'frame'>) {
    this.#o = options;
  }

  /** Takes in a pod that failed; false where it was known. */
  take(pod: Pod): boolean {
    const { labels = {}, uid = '' } = pod.metadata;
    const key = `${labels[JOB_NAME] ?? ''}/${labels[INDEX_LABEL] ?? ''}`;
    if (this.#charged.has(uid) || this.#pods.get(key)?.metadata.uid === uid) return false;
    this.#pods.set(key, pod);
    return true;
  }

  /** Puts on record what the pods that ended were at; a cause where another pod cannot help. */
  async recover(step: JobExecution, manifest: JobManifest): Promise<FailureCause | null> {
    for (const wave of step.waves.values()) {
      await this.#disruptions(step, manifest, wave);
      if (wave.deleted) continue;
      const failed = failedIndexes(wave);
      const isFailed = new Set(failed);
      if (failed.some(index => !this.#pods.has(`${wave.name}/${index}`))) await this.#list(wave);
      for (const index of [...failed, ...(await unfinishedIndexes(step, wave))]) {
        const pod = podAt(wave, index);
        const seen = this.#pods.get(`${wave.name}/${index}`);
        const given = { memory: wave.memory, timeoutMs: timeoutOf(manifest) };
        const told = seen === undefined && !isFailed.has(index) ? DID_NOTHING : terminationOf(seen, given);
        // It says that it is done, and is not.
        const end = told.kind === 'done' ? { ...DID_NOTHING, uid: told.uid, begun: told.begun } : told;
        const cause = pod === undefined ? null : await this.#ended(step, manifest, { wave, pod, end });
        this.#forget(wave, index, seen);
        if (cause !== null) return cause;
      }
    }
    return null;
  }

  /** Pods that Kubernetes itself replaces: what they were at is interrupted, up to a cap. */
  async #disruptions(step: JobExecution, manifest: JobManifest, wave: Wave): Promise<void> {
    const failed = new Set(failedIndexes(wave));
    for (const [key, pod] of this.#pods) {
      if (!key.startsWith(`${wave.name}/`)) continue;
      const index = Number(key.slice(wave.name.length + 1));
      if (failed.has(index)) continue;
      const end = terminationOf(pod, { memory: wave.memory, timeoutMs: timeoutOf(manifest) });
      const isReplaced =
        pod.status?.conditions?.some(
          ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
        ) === true;
      if (!isReplaced) continue;
      const which = podAt(wave, index);
      if (which !== undefined) {
        await recordPodFailure(this.#o.store, manifest, { pod: which, end, memory: wave.memory });
        await step.tally.refreshPod(which);
      }
      this.#charged.add(pod.metadata.uid ?? '');
      this.#pods.delete(key);
    }
  }

  async #ended(
    step: JobExecution,
    manifest: JobManifest,
    { wave, pod, end }: { wave: Wave; pod: number; end: PodTermination },
  ): Promise<FailureCause | null> {
    await step.tally.refreshPod(pod);
    if (!step.tally.isOpen(pod)) return null;
    const began = await recordPodFailure(this.#o.store, manifest, { pod, end, memory: wave.memory });
    if (began) await step.tally.refreshPod(pod);
    this.#pause(step, end, this.#o.clock);
    if (end.kind === 'memory') step.raiseMemory(wave.memory);
    if (end.kind === 'disrupted' || (began && end.kind !== 'broken'))
      return this.#interrupted(step, pod, end);
    return falseStart(step, { pod, end, began });
  }

  /** Pods that are deleted again and again, with nothing begun: somebody does not want them. */
  #interrupted(step: JobExecution, pod: number, end: PodTermination): FailureCause | null {
    if (end.kind !== 'disrupted' || end.begun.length > 0) return null;
    const times = (step.interrupted.get(pod) ?? 0) + 1;
    step.interrupted.set(pod, times);
    return times <= MAX_INTERRUPTIONS
      ? null
      : {
          kind: 'Lost',
          message: `Pod ${pod} of step "${step.name}" was taken away ${times} times. ${end.cause.message}`,
        };
  }

  #pause(step: JobExecution, end: PodTermination, clock: Clock): void {
    if (end.kind === 'disrupted' || end.kind === 'memory' || end.kind === 'done') return;
    step.nextWaveMs = Math.max(
      step.nextWaveMs,
      clock.nowMs() + backoffMs(step.order.job.backoff, Math.max(1, step.lastWave)),
    );
  }

  #forget(wave: Wave, index: number, seen: Pod | undefined): void {
    wave.handled.add(index);
    if (seen?.metadata.uid !== undefined) this.#charged.add(seen.metadata.uid);
    this.#pods.delete(`${wave.name}/${index}`);
  }

  async #list(wave: Wave): Promise<void> {
    const { api, frame } = this.#o;
    const selectors = { labelSelector: `${JOB_NAME}=${wave.name}`, fieldSelector: 'status.phase=Failed' };
    const { items } = await api.list<Pod>(paths.pods(frame.settings.namespace), selectors);
    for (const pod of items) this.take(pod);
  }
}

/** A pod that did nothing for its items: a cause where it is one too many. */
function falseStart(
  step: JobExecution,
  { pod, end, began }: { pod: number; end: PodTermination; began: boolean },
): FailureCause | null {
  const starts = (step.falseStarts.get(pod) ?? 0) + 1;
  step.falseStarts.set(pod, starts);
  if (starts < (began ? MAX_STORE_FAILURES : MAX_FALSE_STARTS)) return null;
  if (end.kind === 'memory') return end.cause;
  if (began)
    return {
      kind: 'Lost',
      message: `Pod ${pod} of step "${step.name}" could not store its results, ${starts} times. ${end.cause.message}`,
    };
  const message = `Pod ${pod} of step "${step.name}" ended ${starts} times before it began an item. ${end.cause.message}`;
  return {
    kind: 'NotStarted',
    reason: end.cause.kind === 'NotStarted' ? end.cause.reason : 'worker',
    message,
  };
}

/** Indexes whose pods succeeded without having done their items. */
async function unfinishedIndexes(step: JobExecution, wave: Wave): Promise<number[]> {
  const succeeded = [...step.waves.values()].reduce(
    (sum, { seen }) => sum + (seen.status?.succeeded ?? 0),
    0,
  );
  // The usual case, told without looking at each pod.
  if (succeeded <= step.tally.closedPods) return [];
  const open: number[] = [];
  for (const index of parseRanges(wave.seen.status?.completedIndexes)) {
    const pod = podAt(wave, index);
    if (pod === undefined || wave.handled.has(index) || !step.tally.isOpen(pod)) continue;
    await step.tally.refreshPod(pod);
    if (step.tally.isOpen(pod)) open.push(index);
  }
  return open;
}

/** How often a pod may be taken away before it begins an item. */
const MAX_INTERRUPTIONS = 20;
