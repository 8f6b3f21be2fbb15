/*
 * What follows when pods end without having done their items.
 *
 * - Each ended pod is dealt with once: what its end means is on record before its index counts as handled.
 * - How many ends are too many says `retry-policy.ts`: then the step fails, because another pod cannot help.
 * - That a pod succeeded, as Kubernetes sees it, is no reason to think that its items are done.
 * PF1 A pod that says which segment was its last is believed for as long as a store may lag: until that one
 *     is there nothing is charged, and no other pod is begun for its items.
 */
import type { FailureCause } from '@kube-transform/sdk';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { attemptTimeoutMs } from '../../worker/retry-policy.js';
import type { Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import {
  BELIEVED_MS,
  DID_NOTHING,
  LOOK_AGAIN_MS,
  type PodTermination,
  terminationOf,
  UNREAD,
} from '../diagnosis/pod-termination.js';
import { ContainerSteps } from '../containers/container-steps.js';
import { JOB_INDEX, JOB_NAME, selectPodsOf } from '../manifests/names.js';
import type { JobExecution, Surroundings } from './job-execution.js';
import type { KubernetesOptions } from './options.js';
import { endOfPod, handleLost, isPodBehind, judgedEnd } from './ended-pod.js';
import { recordPodFailure } from './record-pod-failure.js';
import type { Wave } from './waves.js';

/** How long the end of a container may take to be put on record before its pod is looked for. */
const OVERDUE_MS = 10_000;

/** Deals with the ends of pods. */
export class PodFailures {
  readonly #o: Pick<KubernetesOptions, 'api' | 'store' | 'clock' | 'frame'>;
  readonly #steps: ContainerSteps;
  /** Failed pods by Job and index, as far as they were seen. */
  readonly #pods = new Map<string, Pod>();
  /** Uids of pods that were dealt with. */
  readonly #handled = new Set<string>();
  /** Since when the last results of a pod are waited for, by Job and index. */
  readonly #awaitedSinceMs = new Map<string, number>();

  constructor(
    options: Pick<KubernetesOptions, 'api' | 'store' | 'clock' | 'frame'>,
    steps = new ContainerSteps(options, new AbortController().signal),
  ) {
    this.#o = options;
    this.#steps = steps;
  }

  /** Takes in a pod that failed; false where it was known. */
  add(pod: Pod): boolean {
    const { labels = {}, uid = '' } = pod.metadata;
    const key = keyOf(labels[JOB_NAME] ?? '', labels[JOB_INDEX] ?? '');
    if (this.#handled.has(uid) || this.#pods.get(key)?.metadata.uid === uid) return false;
    this.#pods.set(key, pod);
    return true;
  }

  /** Puts on record what the ended pods of a job were at; a cause where another pod cannot help. */
  async handle(
    execution: JobExecution,
    manifest: JobManifest,
    { wakeLater }: Pick<Surroundings, 'wakeLater'>,
  ): Promise<FailureCause | null> {
    execution.awaited.clear();
    const ofWarm = await handleLost(this.#o, { execution, manifest }, wakeLater);
    if (ofWarm !== null) return ofWarm;
    for (const wave of execution.waves) {
      await this.#handleReplaced(execution, manifest, wave);
      if (wave.isDeleted) continue;
      const failed = new Set(wave.failedIndexes());
      if ([...failed].some(index => !this.#pods.has(keyOf(wave.name, index)))) await this.#list(wave);
      for (const index of [...failed, ...(await unfinishedIndexes(execution, wave))]) {
        const key = keyOf(wave.name, index);
        const isLost =
          manifest.job.container === null || failed.has(index) || this.#waitedMs(key) >= OVERDUE_MS;
        // The end of a container that succeeded is put on record by whoever follows its pod.
        if (!isLost) continue;
        const seen = this.#pods.get(key) ?? (failed.has(index) ? undefined : await this.#look(wave, index));
        if (!failed.has(index) && (await this.#isSettled({ execution, manifest, wave }, { index, seen })))
          continue;
        const told =
          seen === undefined && !failed.has(index) && manifest.job.container === null
            ? DID_NOTHING
            : await this.#endOf(seen, manifest, { wave, index });
        const pod = podOf(execution, { wave, index }, told);
        const isBehind = pod !== undefined && (await isPodBehind(execution, pod, told));
        if (isBehind && this.#waitedMs(key) < BELIEVED_MS) {
          execution.awaited.add(pod);
          wakeLater(LOOK_AGAIN_MS);
          continue;
        }
        this.#awaitedSinceMs.delete(key);
        const end = judgedEnd(told, isBehind);
        const cause =
          pod === undefined
            ? null
            : await endOfPod(this.#o, { execution, manifest }, { pod, end, memory: wave.memory });
        wave.setHandled(index);
        // It may have been given something that it never began.
        for (const left of [pod, wave.podAt(index)])
          if (left !== undefined && execution.tally.isOpen(left)) wave.release(left);
        this.#forget(wave, index, seen);
        if (cause !== null) return cause;
      }
    }
    return null;
  }

  /** Pods that Kubernetes itself replaces: what they were at is interrupted. */
  async #handleReplaced(execution: JobExecution, manifest: JobManifest, wave: Wave): Promise<void> {
    const failed = new Set(wave.failedIndexes());
    for (const [key, seen] of this.#pods) {
      if (!key.startsWith(keyOf(wave.name, ''))) continue;
      const index = Number(key.slice(keyOf(wave.name, '').length));
      if (failed.has(index) || !isDisrupted(seen)) continue;
      const end = await this.#endOf(seen, manifest, { wave, index });
      const pod = podOf(execution, { wave, index }, end);
      if (pod !== undefined) {
        await recordPodFailure(this.#o.store, manifest, { pod, end, memory: wave.memory });
        await execution.tally.refreshPod(pod);
      }
      this.#forget(wave, index, seen);
    }
  }

  /**
   * Whether a pod that succeeded ran a container of the user's, and its item is on record now: the pod cannot
   * do that by itself.
   */
  async #isSettled(
    { execution, manifest, wave }: { execution: JobExecution; manifest: JobManifest; wave: Wave },
    { index, seen }: { index: number; seen: Pod | undefined },
  ): Promise<boolean> {
    const item = wave.podAt(index);
    if (manifest.job.container === null || item === undefined) return false;
    if (seen === undefined) {
      if (!(await this.#steps.settleUnseen(manifest, item))) return false;
    } else {
      const of = { pod: seen, manifest, item };
      await this.#steps.settle(of, await this.#steps.ended(of));
    }
    await execution.tally.refreshPod(item);
    return !execution.tally.isOpen(item);
  }

  async #endOf(
    seen: Pod | undefined,
    manifest: JobManifest,
    { wave, index }: { wave: Wave; index: number },
  ): Promise<PodTermination> {
    const item = wave.podAt(index);
    const given = { memory: wave.memory, timeoutMs: attemptTimeoutMs(manifest.job) };
    if (manifest.job.container === null || seen === undefined || item === undefined)
      return terminationOf(seen, given);
    // What it printed is its result, and is gone.
    if (seen.status?.phase === 'Succeeded')
      return { ...UNREAD, uid: seen.metadata.uid ?? null, podName: seen.metadata.name, begun: [item] };
    const end = await this.#steps.ended({ pod: seen, manifest, item });
    const cause = this.#steps.causeOf(manifest, end);
    return terminationOf(seen, { ...given, container: { item, cause } });
  }

  #forget(wave: Wave, index: number, seen: Pod | undefined): void {
    if (seen?.metadata.uid !== undefined) this.#handled.add(seen.metadata.uid);
    this.#pods.delete(keyOf(wave.name, index));
  }

  /** How long something has been waited for since it was first asked for. */
  #waitedMs(key: string): number {
    const nowMs = this.#o.clock.elapsedMs();
    const sinceMs = this.#awaitedSinceMs.get(key) ?? nowMs;
    this.#awaitedSinceMs.set(key, sinceMs);
    return nowMs - sinceMs;
  }

  /** A pod that succeeded; undefined where Kubernetes has it no longer. */
  async #look(wave: Wave, index: number): Promise<Pod | undefined> {
    const { api, frame } = this.#o;
    const which = { labelSelector: `${selectPodsOf(wave.name)},${JOB_INDEX}=${index}` };
    const { items } = await api.list<Pod>(paths.pods(frame.settings.namespace), which);
    return items.find(({ status }) => status?.phase === 'Succeeded');
  }

  async #list(wave: Wave): Promise<void> {
    const { api, frame } = this.#o;
    const selectors = { labelSelector: selectPodsOf(wave.name), fieldSelector: 'status.phase=Failed' };
    const { items } = await api.list<Pod>(paths.pods(frame.settings.namespace), selectors);
    for (const pod of items) this.add(pod);
  }
}

/** What an index was at: it knows better than who gave it. */
function podOf(
  { order, tally }: JobExecution,
  { wave, index }: { wave: Wave; index: number },
  { pod, begun: [first] }: PodTermination,
): number | undefined {
  if (!wave.isShared) return wave.podAt(index);
  if (pod !== null) return pod;
  if (first !== undefined) return Math.floor(first / order.itemsPerPod);
  return wave.endedAt(index, of => tally.isOpen(of));
}

const keyOf = (job: string, index: number | string): string => `${job}/${index}`;

const isDisrupted = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True') === true;

/** Indexes whose pods succeeded without having done their items. */
async function unfinishedIndexes({ waves, tally }: JobExecution, wave: Wave): Promise<number[]> {
  const succeeded = waves.reduce((sum, other) => sum + other.succeeded, 0);
  const hasFailed = waves.some(({ job }) => (job.status?.failedIndexes ?? '') !== '');
  // The usual case, told without looking at each pod. Pods that failed may have closed theirs as well.
  if (!hasFailed && succeeded <= tally.closedPods && !wave.isShared) return [];
  const open: number[] = [];
  for (const index of wave.completedIndexes()) {
    const pod = wave.podAt(index);
    if (pod === undefined || !tally.isOpen(pod)) continue;
    await tally.refreshPod(pod);
    if (tally.isOpen(pod)) open.push(index);
  }
  return open;
}
