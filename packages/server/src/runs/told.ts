/**
 * What is told of a run over time, as lines of JSON or as server-sent events.
 *
 * Each is a word and a value: `{"line": {…}}`, or `event: line` with the value as data. The last is `end` or
 * `error`; what ends without is to be asked for again. Something comes at least every 15 s.
 */
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { Clock } from '@kube-transform/runtime';

/** Something that is told: which, and what. */
export type Told = readonly [event: string, data: unknown];

/** How it is told. */
export interface Telling {
  as: 'lines' | 'events';
  clock: Clock;
  /** Stops whoever tells: the caller is gone, or the server ends. */
  gone: AbortController;
  /** What is said of an error in the midst of it. */
  wordsOf(error: unknown): unknown;
  /** Called once, when nothing more is told. */
  done(): void;
}

const ALIVE_EVERY_MS = 15_000;
const FORMS = {
  lines: { type: 'application/x-ndjson', alive: '\n', of: lineOf },
  events: { type: 'text/event-stream', alive: ':\n\n', of: eventOf },
};

function lineOf([event, data]: Told): string {
  return `${JSON.stringify({ [event]: data })}\n`;
}

function eventOf([event, data]: Told): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Answers with what is told. An error that comes before all else rejects: it is an answer of its own. */
export async function answerTold(
  c: Context,
  told: AsyncGenerator<Told, void>,
  { as, clock, gone, wordsOf, done }: Telling,
): Promise<Response> {
  const { type, alive, of } = FORMS[as];
  const away = c.req.raw.signal;
  const leave = (): void => gone.abort();
  away.addEventListener('abort', leave, { once: true });
  const over = (): void => {
    away.removeEventListener('abort', leave);
    gone.abort();
    done();
  };
  let first: IteratorResult<Told, void> | null = null;
  try {
    // What is followed may be silent for long, and who follows is to know that it has begun.
    if (as === 'lines') first = await told.next();
  } catch (error) {
    over();
    throw error;
  }
  c.header('Content-Type', type);
  c.header('Cache-Control', 'no-cache');
  // A server that ends waits for no connection that had its answer.
  c.header('Connection', 'close');
  return stream(c, async out => {
    out.onAbort(leave);
    const living = keepAlive();
    try {
      for (let next = first ?? (await told.next()); next.done !== true; next = await told.next()) {
        if (gone.signal.aborted) break;
        await out.write(of(next.value));
      }
    } catch (error) {
      if (!gone.signal.aborted) await out.write(of(['error', wordsOf(error)]));
    } finally {
      over();
      await Promise.all([told.return().catch(() => undefined), living]);
    }

    async function keepAlive(): Promise<void> {
      while (!gone.signal.aborted) {
        await out.write(alive);
        await clock.sleep(ALIVE_EVERY_MS, gone.signal).catch(() => undefined);
      }
    }
  });
}
