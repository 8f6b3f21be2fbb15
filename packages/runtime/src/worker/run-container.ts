/** Runs the items of a container step on this machine, one attempt at a time. */
import { type FailureCause, isKtError, type KtError } from '@kube-transform/sdk';
import type { ContainerEnd, ContainerRuntime } from '../ports/containers.js';
import type { JobOrder } from '../ports/index.js';
import { messageOf } from '../parse/thrown.js';
import { ContainerItems } from './container-items.js';
import { ContextScope, type ItemContext } from './item-context.js';
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
    const deadline = this.#deadlineOf(context);
    let end: ContainerEnd;
    try {
      end = await this.#runtime.run(call, {
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
    } catch (error) {
      return { ok: false, cause: deadline.cause() ?? notStarted(error) };
    } finally {
      deadline.end();
    }
    const cause = deadline.cause() ?? (end.isOutOfMemory ? outOfMemory(job.memory) : null);
    return cause === null ? this.#items.finish(prepared, end) : { ok: false, cause };
  }

  /** Ends an attempt when its time is over; `cause` is why, where it was. */
  #deadlineOf(context: ItemContext): { cause: () => FailureCause | null; end: () => void } {
    const timeoutMs = attemptTimeoutMs(this.#step.job);
    const done = new AbortController();
    let late: FailureCause | null = null;
    if (timeoutMs !== null)
      void this.#host.clock.sleep(timeoutMs, done.signal).then(
        () => {
          late = tooLate(timeoutMs);
          context.abort(new Error(late.message));
        },
        () => undefined,
      );
    return { cause: () => late, end: () => done.abort() };
  }

  ended(item: number): Promise<void> | undefined {
    return this.#scope.end(item);
  }

  close(): Promise<void> {
    return this.#scope.close();
  }
}

const tooLate = (timeoutMs: number): FailureCause => ({
  kind: 'DeadlineExceeded',
  message: `The container was ended: it took longer than ${timeoutMs} ms.`,
  timeoutMs,
});

const notStarted = (error: unknown): FailureCause => ({
  kind: 'NotStarted',
  reason: isKtError(error) ? error.code : 'CONTAINER_NOT_STARTED',
  message: isKtError(error) ? saidBy(error) : messageOf(error),
});

const saidBy = ({ problems }: KtError): string =>
  problems.map(({ message, hint = '' }) => `${message} ${hint}`.trim()).join(' ');

const outOfMemory = (memory: string): FailureCause => ({
  kind: 'OutOfMemory',
  memory,
  message: `The container went over its memory of ${memory}. Give the step more "memory".`,
});
