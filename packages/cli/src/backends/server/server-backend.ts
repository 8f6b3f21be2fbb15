/**
 * Runs that a job server serves, over HTTP. What drives a run is its controller in the server's cluster.
 *
 * - Who follows goes on where a server is away for a while, or another answers: nothing is told twice.
 */
import { isKtError, KtError, omitUndefined } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import type { ServerClient, StreamRouteName, ToldOf } from '@kube-transform/server/client';
import type {
  CallLimits,
  Cancelled,
  CancelOptions,
  CollectOptions,
  Debugging,
  Deleted,
  FailedLog,
  ListedRun,
  LogLine,
  LogOptions,
  RetryOptions,
  RunBackend,
  RunRef,
  RunSummary,
  RunWatcher,
  StartedRun,
} from '../backend.js';
import { SeenLines } from '../cluster/logs/seen-lines.js';
import { never, quiet } from '../unsaid.js';
import { eventOf, failedOf, kindOf, lineOf, refIn, startedIn, summaryOf } from './answers.js';
import { SeenEvents } from './seen-events.js';

const CANCEL_WITHIN_MS = 60_000;
const WAIT_SEC = 10;
/** So long a server may be away while somebody follows. */
const AWAY_FOR_MS = 120_000;
const AGAIN_AFTER_MS = 1000;

/** What to do with a client beside calling it. */
export interface ServerBackendOptions {
  clock?: Clock;
  /** Whether an error says that the server is away for now. */
  isAway: (error: unknown) => boolean;
}

/** The runs of a server. */
export class ServerBackend implements RunBackend {
  readonly name: string;
  readonly verb = 'kt submit';
  readonly #client: ServerClient;
  readonly #clock: Clock;
  readonly #isAway: (error: unknown) => boolean;

  constructor(client: ServerClient, { clock = systemClock, isAway }: ServerBackendOptions) {
    this.name = client.url;
    this.#client = client;
    this.#clock = clock;
    this.#isAway = isAway;
  }

  async list(limits: CallLimits = {}): Promise<ListedRun[]> {
    const { runs } = await this.#client.ask('runs', limits);
    return runs.map(run => ({ ...summaryOf(run), where: this.name }));
  }

  async find(typed: string, limits: CallLimits = {}): Promise<RunRef> {
    return refIn(await this.#client.ask('findRun', { query: { run: typed }, ...limits }), this);
  }

  async read({ runId: run }: RunRef): Promise<RunSummary> {
    return summaryOf(await this.#client.ask('run', { path: { run } }));
  }

  async follow({ runId: run }: RunRef, { sink, note, signal }: RunWatcher): Promise<RunSummary | null> {
    const seen = new SeenEvents();
    const open = () => this.#client.stream('followRun', { path: { run }, signal });
    for await (const told of this.#resumed(open, { note, signal })) {
      if (told.event === 'end') return told.data === null ? null : summaryOf(told.data);
      if (told.event === 'note') note(told.data.text);
      else {
        const news = seen.news(eventOf(told.data));
        if (news !== null) sink.publish(news);
      }
    }
    return null;
  }

  async *logs({ runId: run }: RunRef, options: LogOptions = {}): AsyncGenerator<LogLine, void> {
    const { selector: step, previous, follow = false, note = quiet, signal = never() } = options;
    if (!follow) {
      const query = { step, previous };
      for await (const told of this.#unless(
        signal,
        this.#client.stream('runLogs', { path: { run }, query, signal }),
      ))
        if (told.event === 'line') yield lineOf(told.data);
        else if (told.event === 'note') note(told.data.text);
      return;
    }
    const seen = new SeenLines();
    let pass = {};
    const open = () => {
      pass = {};
      return this.#client.stream('followRunLogs', { path: { run }, query: { step }, signal });
    };
    for await (const told of this.#resumed(open, { note, signal })) {
      if (told.event === 'note') note(told.data.text);
      else if (told.event === 'line') {
        const line = lineOf(told.data);
        if (seen.isNew(line, pass)) yield line;
      }
    }
  }

  async *failedLogs({ runId: run }: RunRef, options: LogOptions = {}): AsyncGenerator<FailedLog, void> {
    const { selector: step, previous, note = quiet, signal = never() } = options;
    const query = { step, previous };
    for await (const told of this.#unless(
      signal,
      this.#client.stream('runFailures', { path: { run }, query, signal }),
    ))
      if (told.event === 'failed') yield failedOf(told.data);
      else if (told.event === 'note') note(told.data.text);
  }

  async cancel({ runId: run }: RunRef, options: CancelOptions = {}): Promise<Cancelled> {
    const { timeoutMs = CANCEL_WITHIN_MS, progress = quiet, signal = never() } = options;
    const untilMs = this.#clock.elapsedMs() + timeoutMs;
    let told = '';
    for (let isFirst = true; ; isFirst = false) {
      const leftMs = untilMs - this.#clock.elapsedMs();
      const waitSec = isFirst ? 0 : Math.max(0, Math.min(WAIT_SEC, Math.ceil(leftMs / 1000)));
      // What was asked for once is done, whoever waits for it.
      const asked = { path: { run }, query: { waitSec }, signal: isFirst ? undefined : signal };
      const last = await this.#client.ask('cancelRun', asked).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (last === null) return { pods: [], ended: false };
      const { pods, ended, waiting } = last;
      const text = waiting ?? '';
      if (text !== told) progress(text);
      told = text;
      const isDone = ended && pods.length === 0;
      if (isDone || signal.aborted || leftMs <= 0) return { pods, ended };
    }
  }

  async retry(run: RunRef, { functions = [], note: _, ...driving }: RetryOptions = {}): Promise<StartedRun> {
    const [flag] = [...(functions.length > 0 ? ['functions'] : []), ...Object.keys(omitUndefined(driving))];
    if (flag !== undefined) {
      const message = `--${flag} says how a run is repeated from here, and run "${run.runId}" is repeated by ${this.name}, with the code that it was begun with.`;
      throw new KtError({ code: 'UNEXPECTED_OPTION', path: `--${flag}`, message, hint: 'Leave it out.' });
    }
    const idempotencyKey = crypto.randomUUID();
    return startedIn(await this.#client.ask('retryRun', { path: { run: run.runId }, idempotencyKey }), this);
  }

  debug(): Promise<Debugging> {
    const message = `${this.name} starts no pod that waits for somebody.`;
    const hint = 'Reach the cluster itself: --context NAME.';
    return Promise.reject(new KtError({ code: 'NOT_OVER_HTTP', path: '--server', message, hint }));
  }

  async collect(options: CollectOptions, limits: CallLimits = {}): Promise<Deleted[]> {
    const { olderThanMs, keep, interrupted, dryRun, nowMs } = options;
    const body = { olderThanMs, keep, interrupted, dryRun, nowMs };
    const { deleted } = await this.#client.ask('collect', { body, ...limits });
    return deleted.map(({ kind, name, bytes }) => ({ kind: kindOf(kind), name, bytes, where: this.name }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** Ends without an error at the signal. */
  async *#unless<T>(signal: AbortSignal, told: AsyncIterable<T>): AsyncGenerator<T, void> {
    try {
      for await (const one of told) {
        if (signal.aborted) return;
        yield one;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** What is told, from the start again where it breaks off. */
  async *#resumed<N extends StreamRouteName>(
    open: () => AsyncGenerator<ToldOf<N>, void>,
    { note, signal }: { note: (text: string) => void; signal: AbortSignal },
  ): AsyncGenerator<ToldOf<N>, void> {
    let heardMs = this.#clock.elapsedMs();
    let isAway = false;
    while (!signal.aborted) {
      try {
        for await (const told of this.#unless(signal, open())) {
          if (isAway) note(`${this.name} is there again.`);
          isAway = false;
          heardMs = this.#clock.elapsedMs();
          yield told;
        }
        return;
      } catch (error) {
        if (!this.#isAway(error) || this.#clock.elapsedMs() - heardMs > AWAY_FOR_MS) throw error;
        if (!isAway)
          note(`${isKtError(error) ? (error.problems[0]?.message ?? '') : ''} It is asked again.`.trim());
        isAway = true;
      }
      await this.#clock.sleep(AGAIN_AFTER_MS, signal).catch(() => undefined);
    }
  }
}
