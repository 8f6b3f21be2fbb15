/*
 * Many files on their way, some at a time: what each came to, how far all are, and Ctrl-C.
 *
 * - A file that cannot go because of what it is called, or of what is in its place, is told, and the others
 *   go. Anything else ends all.
 */
import { isKtError, type KtError } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime/internal';
import { bytes, type Output, plural } from '../terminal/output.js';
import { printProblems } from '../terminal/exit.js';

/** What became of a file. */
export type Outcome =
  | {
      action: 'got' | 'put' | 'copied' | 'deleted' | 'would delete';
      path: string;
      to?: string;
      bytes: number;
    }
  | { action: 'skipped'; path: string; to?: string; bytes: number; why: string };

/** How files go, and where is told of them. */
export interface Transfer {
  output: Output;
  json: boolean;
  /** Files at once. */
  parallel: number;
  /** Aborted: nothing more begins, and what is under way ends. */
  signal: AbortSignal;
}

/** How it ended: files that went, that were left as they were, and that could not go. */
export interface Tally {
  files: number;
  bytes: number;
  skipped: number;
  failed: number;
}

/** One file, which says how many of its bytes have gone. */
export type Move<T> = (item: T, moved: (bytes: number) => void) => Promise<Outcome | null>;

/** What is the file's own fault. */
const OF_THE_FILE: ReadonlySet<string> = new Set(['BAD_PATH', 'NOT_FOUND', 'FILE_REFUSED']);
const REDRAW_MS = 100;
/** For what ends after Ctrl-C. */
const LAST_MS = 3000;

/** Moves each of some files; resolves when all have ended, also where one has failed. */
export async function moveAll<T>(
  items: AsyncIterable<T>,
  move: Move<T>,
  { output, json, parallel, signal }: Transfer,
): Promise<Tally> {
  const tally: Tally = { files: 0, bytes: 0, skipped: 0, failed: 0 };
  const progress = new Progress(json ? false : output.live, tally);
  const failure = new AbortController();
  const isOver = (): boolean => signal.aborted || failure.signal.aborted;
  const told = async (outcome: Outcome | KtError | null): Promise<void> => {
    if (outcome === null) return;
    if ('problems' in outcome) {
      tally.failed++;
      progress.pause();
      await printProblems(outcome.problems, output);
    } else {
      if (outcome.action === 'skipped') tally.skipped++;
      else {
        tally.files++;
        tally.bytes += outcome.bytes;
      }
      if (json) output.out(JSON.stringify(outcome));
    }
  };
  const iterator = items[Symbol.asyncIterator]();
  let asked: Promise<unknown> = Promise.resolve();
  const next = (): Promise<IteratorResult<T>> => {
    const step = asked.then(() => (isOver() ? { done: true as const, value: undefined } : iterator.next()));
    asked = step.catch(() => undefined);
    return step;
  };
  const worker = async (): Promise<void> => {
    try {
      for (let step = await next(); step.done !== true && !isOver(); step = await next()) {
        const { value } = step;
        const outcome = await move(value, amount => progress.moved(amount)).catch((error: unknown) => {
          if (isKtError(error) && OF_THE_FILE.has(error.code)) return error;
          throw error;
        });
        await told(outcome);
      }
    } catch (error) {
      failure.abort();
      throw error;
    }
  };
  try {
    const ends = await Promise.allSettled(Array.from({ length: parallel }, worker));
    for (const end of ends) if (end.status === 'rejected' && !signal.aborted) throw end.reason;
  } finally {
    await iterator.return?.();
    progress.close();
  }
  return tally;
}

/** Says what it came to, as the last line. */
export function printTally(
  verb: string,
  { files, bytes: size, skipped, failed }: Tally,
  { output, json }: Pick<Transfer, 'output' | 'json'>,
): void {
  if (json) return output.out(JSON.stringify({ action: 'done', files, bytes: size, skipped, failed }));
  const rest = [
    skipped > 0 ? `, ${skipped.toLocaleString('en-US')} there already` : '',
    failed > 0 ? `, ${failed} not (see above)` : '',
  ].join('');
  output.out(`${verb} ${plural(files, 'file')}, ${bytes(size)}${rest}.`);
}

/** Passes chunks on until the signal, which ends also a wait for the next one. */
export async function* until(
  signal: AbortSignal,
  chunks: AsyncIterable<Uint8Array>,
  moved: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const step = await orAborted(signal, iterator.next());
      isDone = step.done === true;
      if (step.done === true) return;
      moved(step.value.length);
      yield step.value;
    }
  } finally {
    const returned = isDone ? undefined : iterator.return?.().catch(() => undefined);
    // One that hangs is not waited for.
    if (!signal.aborted) await returned;
  }
}

/** What a promise comes to, or the reason of the signal. */
export async function orAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let end = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    end = () => reject(signal.reason);
  });
  aborted.catch(() => undefined);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Rejects a while after the signal: what hangs is not waited for. */
export async function late(signal: AbortSignal): Promise<never> {
  await new Promise<void>(resolve => {
    const wait = (): void => void setTimeout(resolve, LAST_MS).unref();
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
  throw signal.reason;
}

/** A row of figures that is redrawn in place. */
class Progress {
  readonly #show: Output['live'];
  readonly #tally: Tally;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #beganMs = systemClock.elapsedMs();
  #moved = 0;
  #drawn = 0;

  constructor(show: Output['live'], tally: Tally) {
    this.#show = show;
    this.#tally = tally;
    if (show) this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  moved(amount: number): void {
    this.#moved += amount;
  }

  /** What is printed next stays above. */
  pause(): void {
    this.#drawn = 0;
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#drawn > 0) this.#draw();
  }

  #draw(): void {
    if (!this.#show) return;
    const seconds = Math.max(0.1, (systemClock.elapsedMs() - this.#beganMs) / 1000);
    const { files, skipped } = this.#tally;
    const figures = [
      plural(files, 'file'),
      bytes(this.#moved),
      `${bytes(Math.round(this.#moved / seconds))}/s`,
      ...(skipped > 0 ? [`${skipped} there already`] : []),
    ];
    this.#show([figures.join('  ')], this.#drawn);
    this.#drawn = 1;
  }
}
