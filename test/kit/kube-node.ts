/**
 * What a cluster does with Indexed Jobs, on a scripted API server: pods are worker processes of this machine,
 * and the Job's own rules say what their exit codes mean.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:os';
import type { KubeServer } from './kube-server.js';
import type { StoredObject } from './kube-storage.js';

interface Rule {
  action: string;
  onExitCodes?: { values: number[] };
}
interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}
interface JobSpec {
  completions: number;
  parallelism: number;
  suspend?: boolean;
  podFailurePolicy: { rules: Rule[] };
  template: {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    spec: { containers: [{ command: string[]; env: EnvVar[] }] };
  };
}
interface Running {
  job: string;
  uid: string;
  spec: JobSpec;
  waiting: number[];
  active: Map<number, PodProcess>;
  completed: Set<number>;
  failed: Set<number>;
  ended: boolean;
}

/** The value of a variable; no index has a pod more than once here. */
function valueOf({ value, valueFrom }: EnvVar, pod: { uid: string; job: string }): string {
  const path = valueFrom?.fieldRef.fieldPath ?? '';
  if (path.includes('job-index-ignored-failure-count')) return '';
  if (path.includes('job-name')) return pod.job;
  return value ?? (path.includes('job-index-failure-count') ? '0' : pod.uid);
}

/** A pod that runs. */
export interface PodProcess {
  /** Resolves to its exit code and its termination message. */
  ended: Promise<{ code: number; message: string }>;
  kill(signal: NodeJS.Signals): boolean;
}

/** Begins a pod with an environment; `args` are those of node. */
export type BeginPod = (env: Record<string, string>, args: readonly string[]) => PodProcess;

/** Pods that are processes of this machine, which run a worker's entry. */
export const processPods =
  (worker: string): BeginPod =>
  (env, args) => {
    const dir = mkdtempSync(join(tmpdir(), 'kt-pod-'));
    const note = join(dir, 'termination');
    writeFileSync(note, '');
    const child = spawn(process.execPath, [...args, worker], {
      env: { PATH: process.env['PATH'] ?? '', ...env, KT_TERMINATION: note },
      stdio: 'ignore',
    });
    const ended = new Promise<{ code: number; message: string }>(resolve =>
      child.once('exit', (code, signal) => {
        const message = readFileSync(note, 'utf8');
        rmSync(dir, { recursive: true, force: true });
        resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], message });
      }),
    );
    return { ended, kill: signal => child.kill(signal) };
  };

const JOBS = /\/apis\/batch\/v1\/namespaces\/[^/]+\/jobs$/;

export class KubeNode {
  readonly #server: KubeServer;
  readonly #namespace: string;
  readonly #begin: BeginPod;
  readonly #jobs = new Map<string, Running>();
  readonly #lanes: number;
  readonly #stop: () => void;
  readonly #names = new Map<PodProcess, string>();
  /** Processes that Kubernetes knows nothing of any more. */
  readonly #lost = new Set<PodProcess>();
  #closed = false;

  constructor(server: KubeServer, options: { namespace: string; begin: BeginPod; lanes?: number }) {
    this.#server = server;
    this.#namespace = options.namespace;
    this.#begin = options.begin;
    this.#lanes = options.lanes ?? 2;
    this.#stop = server.storage.listen(({ collection, type, object }) => {
      if (!JOBS.test(collection)) return;
      if (type === 'ADDED') this.#admit(object);
      else if (type === 'MODIFIED') this.#resize(object);
      else this.#remove(object.metadata.name);
    });
  }

  /** Kills the process of a running pod; false where none runs. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): boolean {
    const [child] = [...this.#jobs.values()].flatMap(({ active }) => [...active.values()]);
    return child?.kill(signal) ?? false;
  }

  /**
   * Stops the processes of all running pods as if their node were lost, and begins others in their place;
   * what is given continues them.
   */
  lose(): PodProcess[] {
    const conditions = [{ type: 'DisruptionTarget', status: 'True' }];
    for (const job of this.#jobs.values())
      for (const [index, child] of [...job.active]) {
        child.kill('SIGSTOP');
        this.#lost.add(child);
        job.active.delete(index);
        job.waiting.unshift(index);
        this.#server.storage.patch(this.#pods, this.#names.get(child) ?? '', {
          status: { phase: 'Failed', conditions },
        });
      }
    this.#pump();
    return [...this.#lost];
  }

  get #pods(): string {
    return `/api/v1/namespaces/${this.#namespace}/pods`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    const running = [...this.#jobs.values()].flatMap(({ active }) => [...active.values()]);
    const children = [...running, ...this.#lost];
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ ended }) => ended));
  }

  #admit(object: StoredObject): void {
    const spec = object['spec'] as JobSpec;
    const waiting = Array.from({ length: spec.completions }, (_, index) => index);
    const { name: job, uid = '' } = object.metadata;
    this.#jobs.set(job, {
      job,
      uid,
      spec,
      waiting,
      active: new Map(),
      completed: new Set(),
      failed: new Set(),
      ended: false,
    });
    queueMicrotask(() => this.#pump());
  }

  /** A Job may be given more pods, or be suspended and begun again with fewer. */
  #resize(object: StoredObject): void {
    const job = this.#jobs.get(object.metadata.name);
    const { completions, parallelism, suspend = false } = object['spec'] as JobSpec;
    if (job === undefined || job.ended) return;
    const was = job.spec;
    if (completions === was.completions && suspend === (was.suspend ?? false)) return;
    job.spec = { ...was, completions, parallelism, suspend };
    if (suspend) this.#stopPods(job);
    for (const index of job.completed) if (index >= completions) job.completed.delete(index);
    job.waiting = Array.from({ length: completions }, (_, index) => index).filter(
      index => !job.completed.has(index) && !job.failed.has(index) && !job.active.has(index),
    );
    queueMicrotask(() => {
      this.#pump();
      if (job.waiting.length === 0 && job.active.size === 0) this.#report(job);
    });
  }

  /** Pods of a suspended Job are deleted, and count for nothing. */
  #stopPods(job: Running): void {
    for (const [index, child] of [...job.active]) {
      this.#lost.add(child);
      job.active.delete(index);
      child.kill('SIGTERM');
      this.#server.storage.delete(this.#pods, this.#names.get(child) ?? '', 'Background');
    }
    this.#report(job);
  }

  #remove(name: string): void {
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    job.ended = true;
    for (const child of job.active.values()) child.kill('SIGTERM');
    this.#jobs.delete(name);
    this.#pump();
  }

  #pump(): void {
    let busy = [...this.#jobs.values()].reduce((sum, { active }) => sum + active.size, 0);
    for (const job of this.#jobs.values()) {
      while (
        !this.#closed &&
        !job.ended &&
        job.spec.suspend !== true &&
        busy < this.#lanes &&
        job.active.size < job.spec.parallelism &&
        job.waiting.length > 0
      ) {
        this.#start(job, job.waiting.shift() ?? 0);
        busy++;
      }
    }
  }

  #start(job: Running, index: number): void {
    const { template } = job.spec;
    const labels = {
      ...template.metadata.labels,
      'batch.kubernetes.io/job-name': job.job,
      'batch.kubernetes.io/job-completion-index': String(index),
    };
    const ownerReferences = [{ uid: job.uid }];
    const metadata = {
      generateName: `${job.job}-${index}-`,
      labels,
      annotations: template.metadata.annotations,
      ownerReferences,
    };
    const pod = this.#server.storage.create(this.#pods, {
      kind: 'Pod',
      metadata,
      spec: {},
      status: { phase: 'Running' },
    });
    const [{ command, env }] = template.spec.containers;
    const { uid = '' } = pod.metadata;
    const given = Object.fromEntries(env.map(given => [given.name, valueOf(given, { uid, job: job.job })]));
    const begun = this.#begin({ ...given, JOB_COMPLETION_INDEX: String(index) }, command.slice(1, -1));
    job.active.set(index, begun);
    this.#names.set(begun, pod.metadata.name);
    void begun.ended.then(end =>
      this.#lost.has(begun) ? undefined : this.#ended(job, { index, name: pod.metadata.name, ...end }),
    );
    this.#report(job);
  }

  #ended(job: Running, pod: { index: number; name: string; message: string; code: number }): void {
    if (this.#closed) return;
    const { index, code, message } = pod;
    job.active.delete(index);
    if (!job.ended) {
      const state = { terminated: { exitCode: code, message, reason: code === 0 ? 'Completed' : 'Error' } };
      const status = {
        phase: code === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: 'main', state }],
      };
      this.#server.storage.patch(this.#pods, pod.name, { status });
      if (code === 0) job.completed.add(index);
      else job.failed.add(index);
      const rule = job.spec.podFailurePolicy.rules.find(({ onExitCodes }) =>
        onExitCodes?.values.includes(code),
      );
      if (rule?.action === 'FailJob') {
        job.waiting = [];
        for (const child of job.active.values()) child.kill('SIGTERM');
      }
      this.#report(job);
    }
    this.#pump();
  }

  #report(job: Running): void {
    const ranges = (set: Set<number>): string => [...set].sort((a, b) => a - b).join(',');
    const over = job.waiting.length === 0 && job.active.size === 0;
    const type = job.failed.size > 0 ? 'Failed' : 'Complete';
    const status = {
      active: job.active.size,
      ready: job.active.size,
      succeeded: job.completed.size,
      failed: job.failed.size,
      completedIndexes: ranges(job.completed),
      failedIndexes: ranges(job.failed),
      conditions: over ? [{ type, status: 'True' }] : [],
    };
    if (over) job.ended = true;
    this.#server.storage.patch(`/apis/batch/v1/namespaces/${this.#namespace}/jobs`, job.job, { status });
  }
}
