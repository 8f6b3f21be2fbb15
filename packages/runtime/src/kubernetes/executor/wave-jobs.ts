/*
 * Makes, shares out and deletes the Jobs of steps.
 *
 * U1 Names are made of run, job and wave: making a Job that exists takes it over, where it is this run's and
 *    made for the same.
 * U2 What a queue changes of a Job (suspension, parallelism, node selectors) is left alone.
 */
import { KtError } from '@kube-transform/sdk';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { paths } from '../api/paths.js';
import { isKubeError } from '../api/kube-error.js';
import { ANNOTATION, selectPodsOf } from '../manifests/names.js';
import type { KubernetesOptions } from './options.js';
import { taskJob, type WavePlan } from '../manifests/run-jobs.js';
import type { Job } from '../api/objects.js';
import type { JobExecution } from './job-execution.js';
import { coveredPods, shardsOf, shares, type Wave } from './waves.js';

/** How long the failures of a moment are gathered, so that one Job takes them all. */
const GATHER_MS = 250;
const GONE_CHECK_MS = 250;

/** What a step shares with the others. */
export interface Surroundings {
  all: readonly JobExecution[];
  wakeLater: (ms: number) => void;
}

/** Makes Jobs. */
export class WaveJobs {
  readonly #o: KubernetesOptions;
  readonly #namespace: string;

  constructor(options: KubernetesOptions) {
    this.#o = options;
    this.#namespace = options.frame.settings.namespace;
  }

  /** Begins a wave for the pods that no live wave covers. */
  async cover(step: JobExecution, manifest: JobManifest, { all, wakeLater }: Surroundings): Promise<void> {
    const { clock } = this.#o;
    step.refusal = null;
    if (isUnderWay(step)) return;
    let pods = step.tally.openPods();
    for (const wave of step.waves.values()) {
      const covered = coveredPods(wave);
      if (covered.size > 0) pods = pods.filter(pod => !covered.has(pod));
      if (pods.length === 0) return;
    }
    if (step.lastWave > 0) {
      if (step.gatherUntilMs === null) step.gatherUntilMs = clock.nowMs() + GATHER_MS;
      const dueMs = Math.max(step.gatherUntilMs, step.nextWaveMs);
      if (clock.nowMs() < dueMs) {
        wakeLater(dueMs - clock.nowMs());
        return;
      }
      step.gatherUntilMs = null;
      // Before anything is done again: has it been done after all?
      for (const pod of pods) await step.tally.refreshPod(pod);
      pods = pods.filter(pod => step.tally.isOpen(pod));
      if (pods.length === 0) wakeLater(0);
    }
    for (const { pods: text, count } of shardsOf(pods)) {
      if (!(await this.#make(step, manifest, { text, count, all }))) break;
    }
    await this.share(all);
  }

  /** Makes a Job, or takes over the one that is there. False where a quota does not let it be made now. */
  async #make(
    step: JobExecution,
    manifest: JobManifest,
    shard: { text: string; count: number; all: readonly JobExecution[] },
  ): Promise<boolean> {
    const { settings } = this.#o.frame;
    const { job, itemsPerPod } = manifest;
    const wants = Math.min(shard.count, job.parallelism ?? settings.parallelism);
    const taken = shard.all
      .flatMap(other => other.live)
      .reduce((sum, wave) => sum + (wave.seen.spec?.parallelism ?? 0), 0);
    const plan: WavePlan = {
      job,
      itemsPerPod,
      wave: step.lastWave + 1,
      pods: shard.text,
      count: shard.count,
      memory: step.memory,
      parallelism: Math.max(1, Math.min(wants, settings.maxPods - taken)),
    };
    const wanted = taskJob(this.#o.frame, plan);
    for (;;) {
      const { name } = wanted.metadata;
      const made = await this.#o.api
        .create<Job>(paths.jobs(this.#namespace), wanted)
        .catch((error: unknown) => {
          step.refusal = quotaWords(error);
          return undefined;
        });
      if (made === undefined) return false;
      if (made !== null) {
        step.see(made);
        return true;
      }
      const which = { fieldSelector: `metadata.name=${name}` };
      const [existing] = (await this.#o.api.list<Job>(paths.jobs(this.#namespace), which)).items;
      if (existing !== undefined && existing.metadata.deletionTimestamp === undefined) {
        step.see(adopted(existing, wanted));
        return true;
      }
      await this.#o.clock.sleep(GONE_CHECK_MS);
    }
  }

  /** Gives each live wave its share of the pods that the run may have at once. */
  async share(all: readonly JobExecution[]): Promise<void> {
    const { settings } = this.#o.frame;
    const waves = all.filter(step => !step.settled).flatMap(step => step.live.map(wave => ({ step, wave })));
    const wants = waves.map(({ step, wave }) =>
      Math.min(wave.seen.spec?.completions ?? 1, step.order.job.parallelism ?? settings.parallelism),
    );
    const mine = shares(wants, settings.maxPods);
    for (const [i, { step, wave }] of waves.entries()) {
      const parallelism = mine[i] ?? 1;
      const queued = { ...settings.defaults, ...step.order.job.kubernetes }.queue !== undefined;
      if (queued || parallelism <= (wave.seen.spec?.parallelism ?? 0)) continue;
      try {
        const changed = await this.#o.api.patch<Job>(
          paths.jobs(this.#namespace, wave.name),
          { spec: { parallelism } },
          { type: 'merge' },
        );
        if (changed !== null) step.see(changed);
      } catch (error) {
        // It goes on with what it has.
        if (!isKubeError(error)) throw error;
        this.#o.onTrouble(error);
      }
    }
  }

  /** Deletes Jobs of a step with their pods. */
  async remove(step: JobExecution, which: (wave: Wave) => boolean = () => true): Promise<void> {
    for (const wave of step.waves.values()) {
      if (wave.gone || wave.deleted || !which(wave)) continue;
      wave.deleted = true;
      try {
        await this.#o.api.delete(paths.jobs(this.#namespace, wave.name));
      } catch (error) {
        wave.deleted = false;
        if (!isKubeError(error)) throw error;
        this.#o.onTrouble(error);
      }
    }
  }

  /** Deletes the objects of pods that succeeded while their Job goes on. */
  async reap(wave: Wave): Promise<void> {
    wave.reaped = wave.seen.status?.succeeded ?? 0;
    const which = { labelSelector: selectPodsOf(wave.name), fieldSelector: 'status.phase=Succeeded' };
    await this.#o.api.deleteAll(paths.pods(this.#namespace), which);
  }
}

/** What a quota on Jobs says, which lets one be made later. @throws anything else. */
function quotaWords(error: unknown): string {
  const said = isKubeError(error, 403)
    ? /(exceeded|status unknown for) quota: .*/s.exec(error.problems[0]?.message ?? '')?.[0]
    : undefined;
  if (said === undefined) throw error;
  return said;
}

/**
 * Nothing has failed, and no pod has ended whose results are not known: the usual case, told without looking
 * at each pod.
 */
function isUnderWay({ waves, live, tally }: JobExecution): boolean {
  const ended = live.reduce((sum, { seen }) => sum + (seen.status?.succeeded ?? 0), 0);
  return (
    live.length === 1 &&
    waves.size === 1 &&
    (live[0]?.seen.status?.failedIndexes ?? '') === '' &&
    ended <= tally.closedPods
  );
}

/**
 * A Job that exists under a name that is ours. @throws KtError `FOREIGN_JOB` where it was not made for this.
 */
function adopted(existing: Job, wanted: Job): Job {
  const owner = wanted.metadata.ownerReferences?.[0]?.uid;
  const ours = existing.metadata.ownerReferences?.some(({ uid }) => uid === owner) === true;
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
