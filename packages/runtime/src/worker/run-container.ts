/** Runs the items of a container step on this machine, one attempt at a time. */
import { type FailureCause, isKtError } from '@kube-transform/sdk';
import type { ContainerEnd, ContainerRuntime } from '../ports/containers.js';
import type { JobOrder } from '../ports/index.js';
import { ContainerItems } from './container-items.js';
import { ContextScope } from './item-context.js';
import type { Attempt, AttemptOutcome, AttemptRunner, LineLog, PodHost } from './pod-host.js';
import { attemptTimeoutMs } from './retry-policy.js';

/** Makes attempts for the items of one pod. */
export class ContainerRunner implements AttemptRunner {
  readonly #step: JobOrder;
  readonly #host: PodHost;
  readonly #runtime: ContainerRuntime;
  readonly #items: ContainerItems;
  readonly #scope: ContextScope;

  constructor(
    step: JobOrder,
    host: PodHost,
    { logs, runtime }: { logs: () => Promise<LineLog>; runtime: ContainerRuntime },
  ) {
    this.#step = step;
    this.#host = host;
    this.#runtime = runtime;
    this.#items = new ContainerItems(step, host);
    this.#scope = new ContextScope(step, host, logs);
  }

  async run({ item, line, attempt }: Attempt): Promise<AttemptOutcome> {
    const prepared = await this.#items.prepare(item, line);
    if (prepared.type === 'ended') return prepared.outcome;
    const { job, runId, pipeline } = this.#step;
    this.#host.emit({ type: 'ItemStarted', job: job.name, item, attempt });
    const fault = this.#host.fault(job.name, item, attempt);
    if (fault !== undefined) return { ok: false, cause: fault };
    const context = this.#scope.open(item, attempt);
    const { call } = prepared;
    const timeoutMs = attemptTimeoutMs(job);
    const done = new AbortController();
    let isLate = false;
    if (timeoutMs !== null)
      void this.#host.clock.sleep(timeoutMs, done.signal).then(
        () => {
          isLate = true;
          context.abort(new Error(`The attempt took longer than ${timeoutMs} ms.`));
        },
        () => undefined,
      );
    try {
      const end = await this.#runtime.run(call, {
        runId,
        pipeline,
        job,
        item,
        attempt,
        signal: context.signal,
        files: this.#host.files,
        scratch: context.scratch,
        onLine: text => void context.log.info(text),
      });
      if (isLate) return { ok: false, cause: tooLate(timeoutMs ?? 0) };
      return end.isOutOfMemory
        ? { ok: false, cause: outOfMemory(job.memory) }
        : await this.#finish(prepared, end);
    } catch (error) {
      if (!isKtError(error)) throw error;
      return { ok: false, cause: { kind: 'NotStarted', reason: error.code, message: error.message } };
    } finally {
      done.abort();
    }
  }

  ended(item: number): Promise<void> | undefined {
    return this.#scope.end(item);
  }

  close(): Promise<void> {
    return this.#scope.logged;
  }

  #finish(prepared: Parameters<ContainerItems['finish']>[0], end: ContainerEnd): Promise<AttemptOutcome> {
    return this.#items.finish(prepared, end);
  }
}

const tooLate = (timeoutMs: number): FailureCause => ({
  kind: 'DeadlineExceeded',
  message: `The container was ended: it took longer than ${timeoutMs} ms.`,
  timeoutMs,
});

const outOfMemory = (memory: string): FailureCause => ({
  kind: 'OutOfMemory',
  memory,
  message: `The container went over its memory of ${memory}. Give the step more "memory".`,
});
