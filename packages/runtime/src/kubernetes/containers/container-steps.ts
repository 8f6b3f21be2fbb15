/*
 * The items of container steps on a cluster: what each pod runs, and what its end comes to. The pods know
 * nothing of the run, so the controller does for them what workers do by themselves.
 *
 * - The result of a container is stored before anybody acts on its end, and after its log.
 * - Of what it does nothing is remembered that cannot be made anew from the store, the Jobs and the pods: a
 *   pod that waits is told again, one that has ended is dealt with again, unless its item has a result.
 */
import { type FailureCause, type KTContainerResult, type KtFiles, omitUndefined } from '@kube-transform/sdk';
import type { ContainerEnd } from '../../ports/containers.js';
import type { Clock, FileStore, Hint } from '../../ports/index.js';
import type { ResultCache } from '../../run-store/item-results.js';
import { givenItems, type ItemLine, type JobManifest, readItems } from '../../run-store/job-manifest.js';
import { ContainerItems, exitCause, type PreparedItem } from '../../worker/container-items.js';
import { ItemLedger, quietly } from '../../worker/item-ledger.js';
import { ktFiles } from '../../files/kt-files.js';
import { itemBlocks } from '../run/item-blocks.js';
import type { KubeApi } from '../api/kube-api.js';
import type { Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { GATE } from '../manifests/names.js';
import type { RunFrame } from '../manifests/run-jobs.js';
import { type ContainerGroup, ContainerGroups, type Place } from './container-groups.js';
import { valuesOf } from './container-pod.js';
import { ContainerLogs } from './container-logs.js';
import { endOf, hasDone, startedMs } from './container-status.js';

/** Items that are looked at together. */
const TOGETHER = 32;

/** What container steps need of a controller. */
export interface ContainerOptions {
  api: KubeApi;
  store: FileStore;
  clock: Clock;
  frame: RunFrame;
}

/** A pod of a step, and what it is for. */
export interface ContainerPod {
  pod: Pod;
  manifest: JobManifest;
  item: number;
}

/** What is put on record of an item. */
interface Recorded {
  item: number;
  prepared: PreparedItem;
  end: ContainerEnd;
  uid?: string | undefined;
  podName?: string | undefined;
}

/** How a container ended, and whether what it printed could be read. */
export interface ReadEnd extends ContainerEnd {
  isRead: boolean;
}

/** The end of one that did well, of which nothing more is known. */
const DONE: ContainerEnd = { exitCode: 0, signal: null, isOutOfMemory: false, lastLines: [], file: null };

/** A result that is among what a container prints. */
const isPrinted = (result: KTContainerResult | undefined): boolean => result === 'text' || result === 'json';

/** Prepares and records the items of container steps. */
export class ContainerSteps {
  readonly #o: ContainerOptions;
  readonly #host: { store: FileStore; files: KtFiles; resultCache: ResultCache };
  readonly #blocks: ReturnType<typeof itemBlocks>;
  readonly #items = new Map<string, ContainerItems>();
  readonly #logs: ContainerLogs;
  /** What is being put on record, by item and step. */
  readonly #recording = new Map<string, Promise<unknown>>();

  /** @param signal aborted: what is being read is left. */
  constructor(options: ContainerOptions, signal: AbortSignal) {
    this.#o = options;
    const { api, store, clock, frame } = options;
    this.#host = { store, files: ktFiles(store), resultCache: new Map() };
    this.#blocks = itemBlocks(store);
    const { namespace } = frame.settings;
    this.#logs = new ContainerLogs({ api, store, clock, namespace, signal });
  }

  /**
   * What the pods of a step are to run, in groups; those that need not run, or cannot, are put on record.
   */
  async groups(manifest: JobManifest, pods: readonly number[]): Promise<ContainerGroup[]> {
    const groups = new ContainerGroups();
    const items = this.#itemsOf(manifest);
    for (let from = 0; from < pods.length; from += TOGETHER) {
      const some = pods.slice(from, from + TOGETHER);
      const prepared = await Promise.all(
        some.map(async pod => items.prepare(pod, await this.#lineOf(manifest, pod))),
      );
      const ended = prepared.flatMap((one, i) => (one.type === 'ended' ? [{ item: some[i] ?? 0, one }] : []));
      await Promise.all(
        ended.map(({ item, one }) => this.#record(manifest, { item, prepared: one, end: DONE })),
      );
      for (const one of prepared) if (one.type === 'run') groups.add(one.item, one.call);
    }
    return groups.all();
  }

  /** Tells a pod that waits what differs, and lets it go. */
  async admit({ pod, manifest, item }: ContainerPod, varied: readonly Place[]): Promise<void> {
    const call = await this.#itemsOf(manifest).callOf(item, await this.#lineOf(manifest, item));
    if ('kind' in call) return;
    const gates = (pod.spec?.schedulingGates ?? []).filter(({ name }) => name !== GATE);
    await this.#o.api.patch(
      paths.pods(this.#o.frame.settings.namespace, pod.metadata.name),
      { metadata: { annotations: valuesOf(call, varied) }, spec: { schedulingGates: gates } },
      { type: 'merge' },
    );
  }

  /** A container has begun: its log is followed, and it is ended when its time is over. */
  async began({ pod, manifest, item }: ContainerPod, timeoutMs: number | null): Promise<void> {
    this.#logs.follow(pod, await this.#logOf(manifest, item));
    const since = startedMs(pod);
    if (timeoutMs === null || since === null) return;
    const seconds = Math.max(1, Math.ceil((since.containerMs - since.podMs + timeoutMs) / 1000));
    await this.#o.api.patch(
      paths.pods(this.#o.frame.settings.namespace, pod.metadata.name),
      { spec: { activeDeadlineSeconds: seconds } },
      { type: 'merge' },
    );
  }

  /** Stores what a container printed; how it ended. Rejects with KubeError where that cannot be read now. */
  async ended({ pod, manifest, item }: ContainerPod): Promise<ReadEnd> {
    const { lines, isWhole } = await this.#logs.whole(pod, await this.#logOf(manifest, item));
    return { ...endOf(pod, lines, manifest.job.container?.result), isRead: isWhole };
  }

  /** Why a container failed, as far as its exit code tells. */
  causeOf({ job }: JobManifest, end: ContainerEnd): FailureCause {
    if (job.container === null) throw new TypeError(`Bug: step "${job.name}" runs no container`);
    return exitCause(job.container, end);
  }

  /**
   * Puts an item on record of which Kubernetes says that its pod succeeded, and no longer has it; false where
   * more than that is needed.
   */
  async settleUnseen(manifest: JobManifest, item: number): Promise<boolean> {
    const result = manifest.job.container?.result;
    if (result !== 'none' && !(typeof result === 'object' && 'key' in result)) return false;
    await this.#record(manifest, { item, prepared: await this.#again(manifest, item), end: DONE });
    return true;
  }

  /**
   * Puts the end of a container on record where it is one that settles its item; what is new in the store,
   * null where its failure is for others to judge.
   */
  async settle(of: ContainerPod, end: ReadEnd): Promise<Hint | null> {
    const { pod, manifest, item } = of;
    const { exitCodes } = manifest.job.container ?? { exitCodes: { skip: [] as number[] } };
    const isWell = pod.status?.phase === 'Succeeded' || hasDone(pod) || exitCodes.skip.includes(end.exitCode);
    if (!isWell || (!end.isRead && isPrinted(manifest.job.container?.result))) return null;
    const prepared = await this.#again(manifest, item);
    const hint = await this.#record(manifest, {
      item,
      prepared,
      end,
      uid: pod.metadata.uid,
      podName: pod.metadata.name,
    });
    this.#logs.forget(pod);
    return hint;
  }

  /** What an item runs, made anew: its outputs were not there when it was begun. */
  async #again(manifest: JobManifest, item: number): Promise<PreparedItem> {
    const items = this.#itemsOf(manifest);
    return items.prepareAgain(item, await this.#lineOf(manifest, item));
  }

  /**
   * Puts an item on record, from one side at a time: its pod may end while a new wave finds its files.
   */
  async #record(manifest: JobManifest, given: Recorded): Promise<Hint> {
    const key = `${given.item} ${manifest.job.name}`;
    const before = this.#recording.get(key) ?? Promise.resolve();
    const recording = before.catch(() => undefined).then(() => this.#put(manifest, given));
    this.#recording.set(key, recording);
    try {
      return await recording;
    } finally {
      if (this.#recording.get(key) === recording) this.#recording.delete(key);
    }
  }

  async #put(manifest: JobManifest, { item, prepared, end, uid, podName }: Recorded): Promise<Hint> {
    const ledger = await ItemLedger.open(manifest, quietly(this.#o.store, podName), { pod: item });
    if (!ledger.isDone(item)) {
      const outcome =
        prepared.type === 'ended' ? prepared.outcome : await this.#itemsOf(manifest).finish(prepared, end);
      if (outcome.ok) ledger.succeed(item, outcome);
      else ledger.fail(item, outcome.cause, { ofPod: uid });
    }
    await ledger.settled();
    const { last, segment } = ledger.tally(1);
    return omitUndefined({ job: manifest.job.name, pod: item, last, segment });
  }

  async #logOf(
    manifest: JobManifest,
    item: number,
  ): Promise<{ runId: string; job: string; item: number; attempt: number }> {
    const ledger = await ItemLedger.open(manifest, quietly(this.#o.store), { pod: item });
    return { runId: manifest.runId, job: manifest.job.name, item, attempt: ledger.nextAttempt(item) };
  }

  #itemsOf(manifest: JobManifest): ContainerItems {
    const { name } = manifest.job;
    let items = this.#items.get(name);
    if (items === undefined) this.#items.set(name, (items = new ContainerItems(manifest, this.#host)));
    return items;
  }

  async #lineOf(manifest: JobManifest, item: number): Promise<ItemLine> {
    const lines = await this.#blocks(manifest, item);
    const given = lines === null ? null : givenItems(manifest, item, lines);
    const [line] = (given ?? (await readItems(this.#o.store, manifest, item))).all;
    if (line === undefined) throw new TypeError(`Bug: step "${manifest.job.name}" has no item ${item}`);
    return line;
  }
}
