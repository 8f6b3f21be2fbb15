/** All warm pods of a run, by class and by Job, and whom to tell of them. */
import type { Assignment, Clock } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { RunFrame } from '../manifests/run-jobs.js';
import type { Job } from '../api/objects.js';
import { WarmJob } from './warm-job.js';
import { type Lease, WarmPool, type WarmStep } from './warm-pool.js';

/** What warm pods need. */
export interface WarmOptions {
  api: KubeApi;
  clock: Clock;
  frame: RunFrame;
  /** Told of everything that went wrong and is tried again. */
  onTrouble: (error: unknown) => void;
}

/** Who is told, and who knows. */
export interface WarmAround {
  /** Something has changed for a step. */
  wake(step: WarmStep): void;
  /** A step by its name. */
  stepOf(job: string): WarmStep | undefined;
  /** What a pod is told of what it is given; `isAgain`: it may have begun it. */
  told(lease: Lease, isAgain: boolean): Promise<Assignment>;
  /** Pods that the run may have beside those that it has. */
  room(): number;
  /** Something has failed for good, and what is left of it is kept. */
  hasFailed(): boolean;
  /** Nothing is waited for any longer. */
  readonly signal: AbortSignal;
}

/** The pools of a run. */
export class WarmPools {
  readonly #pools = new Map<string, WarmPool>();
  readonly #jobs = new Map<string, WarmJob>();

  get all(): WarmPool[] {
    return [...this.#pools.values()];
  }

  get jobs(): WarmJob[] {
    return [...this.#jobs.values()];
  }

  /** The pool of a class. */
  of(id: string): WarmPool {
    let pool = this.#pools.get(id);
    if (pool === undefined) this.#pools.set(id, (pool = new WarmPool()));
    return pool;
  }

  job(name: string): WarmJob | undefined {
    return this.#jobs.get(name);
  }

  /** A Job is there. */
  add(object: Job, nowMs: number): WarmJob {
    const job = new WarmJob(object);
    this.#jobs.set(job.name, job);
    this.of(job.classId).made(job, nowMs);
    return job;
  }

  /** Whether a pod has something of a step. */
  hold(step: WarmStep, pod: number): boolean {
    for (const pool of this.#pools.values()) if (pool.holds(step, pod)) return true;
    return false;
  }
}
