/*
 * Makes, shares out and deletes the Jobs of steps.
 *
 * U1 Names are made of run, job and wave: making a Job that exists takes it over, where it is this run's and
 *    made for the same.
 * - What a queue changes of a Job (suspension, parallelism, node selectors) is left alone.
 */
import { KtError } from '@kube-transform/sdk';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { paths } from '../api/paths.js';
import { isKubeError } from '../api/kube-error.js';
import { ANNOTATION, LABEL, selectPodsOf } from '../manifests/names.js';
import { isInQueue, queueOf } from '../manifests/cluster-settings.js';
import type { KubernetesOptions } from './options.js';
import { taskJob, type WavePlan } from '../manifests/run-jobs.js';
import { isOwnedBy, isTerminalJob, type Job } from '../api/objects.js';
import { type PendingReason, refusalOf } from '../diagnosis/rejections.js';
import { isOutOfReach } from '../warm/reach.js';
import type { JobExecution, Surroundings } from './job-execution.js';
import { writePlaces } from '../containers/container-groups.js';
import { containerPod } from '../containers/container-pod.js';
import { ContainerSteps } from '../containers/container-steps.js';
import { firstLanes } from '../warm/lanes.js';
import { shardsOf, shares } from './shards.js';
import type { Wave } from './waves.js';

/** When a Job whose name is still taken is tried again. */
const GONE_CHECK_MS = 1000;
/** How often it is looked whether more pods are worth their start. */
const LOOK_MS = 500;

/** Pods of one Job. */
interface Shard extends Pick<WavePlan, 'container'> {
  pods: string;
  count: number;
}

/** How a Job comes to be made. */
interface Making {
  shard: Shard;
  around: Surroundings;
  /** Pods of the run cannot ask for more. */
  isDeaf: boolean;
}

/** Makes Jobs. */
export class WaveJobs {
  readonly #o: KubernetesOptions;
  readonly #steps: ContainerSteps;
  readonly #namespace: string;

  constructor(options: KubernetesOptions, steps = new ContainerSteps(options, new AbortController().signal)) {
    this.#o = options;
    this.#steps = steps;
    this.#namespace = options.frame.settings.namespace;
  }

  /** Begins a wave for the pods that no live wave covers. */
  async cover(execution: JobExecution, manifest: JobManifest, around: Surroundings): Promise<void> {
    const { clock } = this.#o;
    const { tally } = execution;
    execution.reach.look(execution, clock.elapsedMs());
    const isDeaf = isOutOfReach(around.all);
    if (isDeaf) for (const wave of execution.live) wave.giveUp();
    if (!isDeaf && isUnderWay(execution)) {
      execution.refuse(null);
      await this.#grow(execution, around);
      return;
    }
    let pods = tally.openPods().filter(pod => !execution.awaited.has(pod));
    if (pods.length === 0) return;
    for (const wave of execution.waves) {
      const covered = wave.coveredPods();
      if (covered.size > 0) pods = pods.filter(pod => !covered.has(pod));
      if (pods.length === 0) {
        execution.refuse(null);
        await this.#grow(execution, around);
        return;
      }
    }
    const waitMs = execution.nextWaveAtMs(clock.elapsedMs()) - clock.elapsedMs();
    if (waitMs > 0) {
      around.wakeLater(waitMs);
      return;
    }
    execution.endGathering();
    execution.refuse(null);
    if (execution.lastWave > 0) {
      // Before anything is done again: has it been done after all?
      for (const pod of pods) await tally.refreshPod(pod);
      pods = pods.filter(pod => tally.isOpen(pod));
      if (pods.length === 0) around.wakeLater(0);
    }
    if (isDeaf && pods.length > 0) this.#o.onTrouble(outOfReach(execution.name));
    for (const shard of await this.#shards(execution, manifest, pods))
      if (!(await this.#make(execution, manifest, { shard, around, isDeaf }))) break;
    if (pods.some(pod => !tally.isOpen(pod))) around.wakeLater(0);
    await this.share(around);
  }

  /** What the Jobs of a wave are made of; of a container step, what its pods run. */
  async #shards(execution: JobExecution, manifest: JobManifest, pods: readonly number[]): Promise<Shard[]> {
    const { job, runId } = manifest;
    if (job.container === null) return shardsOf(pods);
    const { settings } = this.#o.frame;
    const { memory } = execution;
    const groups = await this.#steps.groups(manifest, pods);
    const toRun = new Set(groups.flatMap(group => group.pods));
    for (const pod of pods) if (!toRun.has(pod)) await execution.tally.refreshPod(pod);
    return groups.flatMap(({ template, pods }) => {
      const pod = containerPod({ settings, runId, job }, { template, memory });
      return shardsOf(pods).map(shard => ({
        ...shard,
        container: { pod, varied: writePlaces(template.varied) },
      }));
    });
  }

  /**
   * Makes a Job, or takes over the one that is there. False where it cannot be made now, which is told why.
   */
  async #make(execution: JobExecution, manifest: JobManifest, making: Making): Promise<boolean> {
    const wanted = taskJob(this.#o.frame, this.#planOf(execution, manifest, making));
    const { name } = wanted.metadata;
    const made = await this.#o.api
      .create<Job>(paths.jobs(this.#namespace), wanted)
      .catch((error: unknown) => void execution.refuse(refusalOf(error)));
    if (made === undefined) return false;
    if (made !== null) {
      const wave = execution.see(made);
      wave.beginAssigning(this.#o.clock.elapsedMs());
      return true;
    }
    const which = { fieldSelector: `metadata.name=${name}` };
    const [existing] = (await this.#o.api.list<Job>(paths.jobs(this.#namespace), which)).items;
    if (existing !== undefined && existing.metadata.deletionTimestamp === undefined) {
      execution.see(adopted(existing, wanted));
      execution.setFound();
      return true;
    }
    execution.refuse(stillDeleted(name));
    making.around.wakeLater(GONE_CHECK_MS);
    return false;
  }

  #planOf(
    execution: JobExecution,
    { job, itemsPerPod }: JobManifest,
    { shard, around, isDeaf }: Making,
  ): WavePlan {
    const { settings } = this.#o.frame;
    const wants = Math.min(shard.count, job.parallelism ?? settings.parallelism);
    const mostLanes = Math.min(wants, settings.maxPods);
    const taken = around.all.reduce((sum, { podsLeft }) => sum + podsLeft, 0);
    const room = Math.max(1, Math.min(wants, around.room - taken));
    // Who says how many items a pod has gets a pod for each so many; a queue is asked once.
    const isQueued = queueOf(settings, job) !== undefined;
    const few = isQueued ? room : Math.min(room, firstLanes(mostLanes, job.parallelism));
    const isFree = job.itemsPerPod === null && shard.container === undefined && !isDeaf;
    const lanes = isFree ? Math.min(few, shard.count) : shard.count;
    // How many of them a queue admits is not known: what the others would begin with has to be free.
    const first = isQueued && lanes > 1 ? 0 : lanes < shard.count ? lanes : null;
    return {
      job,
      container: shard.container,
      itemsPerPod,
      wave: execution.lastWave + 1,
      pods: shard.pods,
      count: shard.count,
      lanes,
      first: isFree ? first : null,
      memory: execution.memory,
      parallelism: Math.min(room, lanes),
    };
  }

  /** Looks whether more pods are worth their start, and soon again. */
  async #grow(execution: JobExecution, around: Surroundings): Promise<void> {
    const nowMs = this.#o.clock.elapsedMs();
    const limit = execution.order.job.parallelism ?? this.#o.frame.settings.parallelism;
    const shared = execution.live.filter(({ unassigned }) => unassigned > 0);
    if (shared.some(wave => wave.worthwhileLanes(limit, nowMs) > wave.lanes)) await this.share(around);
    if (shared.length > 0 && execution.takeLook(nowMs, LOOK_MS)) around.wakeLater(LOOK_MS);
  }

  /** Gives each live wave its share of the pods that the run may have at once. */
  async share({ all, room }: Pick<Surroundings, 'all' | 'room'>): Promise<void> {
    const { settings } = this.#o.frame;
    const waves = all
      .filter(({ isSettled }) => !isSettled)
      .flatMap(execution => execution.live.map(wave => ({ execution, wave })));
    const nowMs = this.#o.clock.elapsedMs();
    const wants = waves.map(({ execution, wave }) => {
      const limit = execution.order.job.parallelism ?? settings.parallelism;
      return wave.isShared ? wave.worthwhileLanes(limit, nowMs) : Math.min(wave.lanes, limit);
    });
    const mine = shares(wants, room);
    for (const [i, { execution, wave }] of waves.entries()) {
      const parallelism = mine[i] ?? 1;
      // To a queue a Job of another size is another one: it would take its pods away first.
      if (isInQueue(wave.job) || parallelism <= wave.parallelism) continue;
      try {
        const changed = await this.#o.api.patch<Job>(
          paths.jobs(this.#namespace, wave.name),
          { spec: wave.isShared ? { parallelism, completions: parallelism } : { parallelism } },
          { type: 'merge' },
        );
        if (changed !== null) execution.see(changed);
      } catch (error) {
        // It goes on with what it has.
        if (!isKubeError(error)) throw error;
        this.#o.onTrouble(error);
      }
    }
  }

  /** Deletes Jobs of a step with their pods. */
  async remove(execution: JobExecution, which: (wave: Wave) => boolean = () => true): Promise<void> {
    for (const wave of execution.waves) {
      if (wave.isGone || wave.isDeleted || !which(wave)) continue;
      wave.setDeleted(true);
      try {
        await this.#o.api.delete(paths.jobs(this.#namespace, wave.name));
      } catch (error) {
        wave.setDeleted(false);
        if (!isKubeError(error)) throw error;
        this.#o.onTrouble(error);
      }
    }
  }

  /** Deletes the Jobs of a step that succeeded, those that have ended; at the end of the run all of them. */
  async removeFinished(execution: JobExecution, all: boolean): Promise<void> {
    if (!execution.isSettled || execution.hasFailed || this.#o.frame.settings.keepFinished) return;
    await this.remove(execution, ({ job }) => all || isTerminalJob(job));
  }

  /** Deletes the objects of pods that succeeded while their Job goes on, where there are many. */
  async reap(wave: Wave): Promise<void> {
    if (isOfContainers(wave) || !wave.takeReapable(this.#o.frame.settings.reapAbove)) return;
    const which = { labelSelector: selectPodsOf(wave.name), fieldSelector: 'status.phase=Succeeded' };
    await this.#o.api.deleteAll(paths.pods(this.#namespace), which);
  }
}

/** Pods that cannot ask have to be told beforehand what to do. */
const outOfReach = (step: string): KtError =>
  new KtError({
    code: 'CONTROLLER_OUT_OF_REACH',
    path: step,
    message: 'No pod has reached the controller, so each item is given to a pod beforehand, which is slower.',
    hint: `A NetworkPolicy of the namespace has to let pods with ${LABEL.managedBy}=kt reach those with ${LABEL.component}=controller.`,
  });

/** What came of its pods is read from them. */
const isOfContainers = ({ job }: Wave): boolean => job.metadata.labels?.[LABEL.container] === 'true';

/** A Job of a deleted wave keeps its name until the last of its pods is gone. */
const stillDeleted = (name: string): PendingReason => ({
  reason: 'JobDeleting',
  message: `the Job "${name}" that was there before is still being deleted`,
  remedy: `What holds it back are its pods and finalizers: kubectl get job ${name} -o yaml`,
  waitLimit: 'long',
});

/**
 * Nothing has failed, and no pod has ended whose results are not known: the usual case, told without looking
 * at each pod.
 */
function isUnderWay({ waves, tally }: JobExecution): boolean {
  const [wave] = waves;
  return (
    wave !== undefined &&
    waves.length === 1 &&
    wave.isLive &&
    (wave.job.status?.failedIndexes ?? '') === '' &&
    wave.succeeded <= tally.closedPods
  );
}

/**
 * A Job that exists under a name that is ours. @throws KtError `FOREIGN_JOB` where it was not made for this.
 */
function adopted(existing: Job, wanted: Job): Job {
  const ours = isOwnedBy(existing, wanted.metadata.ownerReferences?.[0]?.uid);
  const same =
    existing.metadata.annotations?.[ANNOTATION.specHash] ===
    wanted.metadata.annotations?.[ANNOTATION.specHash];
  if (ours && same) return existing;
  const { name, namespace } = wanted.metadata;
  throw new KtError({
    code: 'FOREIGN_JOB',
    path: `jobs/${name}`,
    message: `There is a Job "${name}" in namespace "${namespace ?? ''}" already, ${ours ? 'made from another version of this step' : 'which is not of this run'}.`,
    hint: `If nobody needs it: kubectl delete job ${name} -n ${namespace ?? 'default'}; then resume the run.`,
  });
}
