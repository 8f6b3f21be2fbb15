/*
 * Makes requests of a server over HTTP.
 *
 * 1. What may pass (no connection, a cut or late answer, throttling, a failure of the server) is tried again
 *    for half a minute, with pauses that grow; a server that has never answered only for a second.
 * 2. A connection on which nothing moves for 30 s is given up.
 * 3. An answer is read within the try that got it: one that is cut is a failure like others.
 */
import pLimit from 'p-limit';
import { CONNECTIONS, pause, SILENT_MS, TRIES, TRIES_AT_FIRST } from '../retries.js';
import { failureOf, failureOnTheWay, HttpFailure, isPassing, type Told } from './http-failure.js';

/** The slowest connection that a body goes up on, in bytes a millisecond. */
const SLOWEST = 64;
const MOST_ASKED_MS = 10_000;
/** A try that ended in silence counts as so many: it took as long. */
const SILENT_TRIES = 6;

/** A request; its body is held in memory, as it may be sent again. */
export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Not to be made again here. */
  once?: boolean;
}

/** What came of a request. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  /** What was read of it. */
  value: T;
  /** How often the request was made. */
  tries: number;
}

/** How requests are made. */
export interface ClientOptions {
  /** Headers that prove who asks; those of each try are its own. */
  authorize?: (request: HttpRequest) => Promise<Record<string, string>>;
  /** What a server says in the text of a failing answer. */
  explain?: (text: string, headers: Headers) => Told;
  redirect?: 'follow' | 'manual';
  /** How long a server may be silent, in milliseconds. */
  silentMs?: number;
}

/** Makes requests. */
export class HttpClient {
  readonly #options: ClientOptions;
  readonly #limit = pLimit(CONNECTIONS);
  #hasAnswered = false;

  constructor(options: ClientOptions = {}) {
    this.#options = options;
  }

  /** Makes a request until it is answered, and reads the answer. @throws HttpFailure. */
  async send<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<Answer<T>> {
    let spent = 0;
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#limit(() => this.#try(request, read));
        return { ...answer, tries };
      } catch (error) {
        const { failure, leastMs } = error instanceof Passing ? error : { failure: error, leastMs: 0 };
        if (failure instanceof HttpFailure) failure.tries = tries;
        if (!(error instanceof Passing)) throw error;
        spent += isSilence(failure) ? SILENT_TRIES : 1;
        if (request.once === true || spent >= (this.#hasAnswered ? TRIES : TRIES_AT_FIRST)) throw failure;
        await pause(tries, leastMs);
      }
    }
  }

  async #try<T>(
    request: HttpRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<Omit<Answer<T>, 'tries'>> {
    const { authorize, explain, redirect = 'manual', silentMs = SILENT_MS } = this.#options;
    const proof = (await authorize?.(request)) ?? {};
    const silence = new AbortController();
    const late = setTimeout(
      () => silence.abort(new HttpFailure('the server does not answer', { code: SILENCE })),
      silentMs + (request.body?.length ?? 0) / SLOWEST,
    );
    try {
      const { method, url, headers, body } = request;
      const response = await fetch(url, {
        ...{ method, redirect, signal: silence.signal },
        // What is stored is what is wanted, not what fits through the wire best.
        headers: { 'accept-encoding': 'identity', ...headers, ...proof },
        ...(body === undefined ? {} : { body }),
      });
      const { status } = response;
      this.#hasAnswered = true;
      if (response.ok) return { status, headers: response.headers, value: await read(response) };
      const text = await response.text();
      const failure = failureOf(response, explain?.(text, response.headers) ?? {});
      if (isPassing(failure)) throw new Passing(failure, askedMs(response));
      throw failure;
    } catch (error) {
      if (error instanceof Passing || (error instanceof HttpFailure && error.status !== undefined))
        throw error;
      throw new Passing(error instanceof HttpFailure ? error : failureOnTheWay(error));
    } finally {
      clearTimeout(late);
    }
  }
}

const SILENCE = 'TimeoutError';
const isSilence = (failure: unknown): boolean => failure instanceof HttpFailure && failure.code === SILENCE;

/** What may pass. */
class Passing extends Error {
  readonly failure: HttpFailure;
  readonly leastMs: number;

  constructor(failure: HttpFailure, leastMs = 0) {
    super(failure.message);
    this.failure = failure;
    this.leastMs = leastMs;
  }
}

/** For how long a server wants to be left alone, in milliseconds. */
const askedMs = ({ headers }: Response): number =>
  Math.min(MOST_ASKED_MS, (Number(headers.get('retry-after')) || 0) * 1000);

/** The text of an answer. */
export const asText = (response: Response): Promise<string> => response.text();

/** The answer itself; what is in it is read with {@link chunksOf}. */
export const asItIs = async (response: Response): Promise<Response> => response;

/** What is in an answer, in chunks; whoever leaves early ends the connection. */
export async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  try {
    for (let read = await inTime(reader); !read.done; read = await inTime(reader)) yield read.value;
  } catch (error) {
    throw error instanceof HttpFailure ? error : failureOnTheWay(error);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function inTime(reader: ReadableStreamDefaultReader<Uint8Array>) {
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new HttpFailure('nothing came for 30 s', { code: SILENCE })), SILENT_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(late);
  }
}
