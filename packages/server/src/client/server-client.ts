/** A client of the job server: each route as a call, typed and checked by the table of routes. */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { messageOf, systemClock, tryJson } from '@kube-transform/runtime/internal';
import type * as z from 'zod';
import { type Route, type RouteName, ROUTES } from '../http/routes.js';
import type { AnswerOf, CallOf, CallSettings, JsonRouteName, StreamRouteName, ToldOf } from './call-types.js';
import { away, isAway, misread, refusedBy, refusedWith } from './refusals.js';
import { toldBy } from './told-streams.js';

/** Which server, and how it is asked. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:5000`; a path is what comes before those of the server. */
  url: string;
  /** A bearer token. Default: none is sent. */
  token?: string | undefined;
  /** How long it is tried again where the server is away or busy, in milliseconds. Default 10,000. */
  retryForMs?: number;
  clock?: Clock;
}

const RETRY_FOR_MS = 10_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
/** What these do twice, they do once. */
const REPEATABLE: ReadonlySet<RouteName> = new Set<RouteName>(['cancelRun', 'collect', 'delete']);

interface AnyCall extends CallSettings {
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
}

/**
 * A client. Calls reject with KtError: with what the server said, or `SERVER_UNREACHABLE`, `BAD_ANSWER`,
 * `NO_JOB_SERVER` where that is no answer of one.
 *
 * @example
 * ```ts
 * const client = new ServerClient({ url: 'http://127.0.0.1:5000', token: process.env['KT_SERVER_TOKEN'] });
 * const path = { pipeline: 'flights' };
 * const { runId } = await client.ask('startRun', { path, body: { params: { day: 3 } } });
 * for await (const told of client.stream('followRun', { path: { run: runId } }))
 *   if (told.event === 'end') console.log(told.data?.status, told.data?.result);
 * ```
 */
export class ServerClient {
  readonly url: string;
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #retryForMs: number;
  readonly #clock: Clock;

  constructor({ url, token, retryForMs = RETRY_FOR_MS, clock = systemClock }: ClientOptions) {
    this.url = url;
    this.#base = url.replace(/\/+$/, '');
    this.#token = token;
    this.#retryForMs = retryForMs;
    this.#clock = clock;
  }

  /** Asks for JSON. */
  async ask<N extends JsonRouteName>(name: N, call: CallOf<N>): Promise<AnswerOf<N>> {
    const answer = await this.#send(name, call);
    const value = tryJson(await this.#bodyOf(answer));
    if (value === undefined) throw misread(this.url, 'it is no JSON');
    return this.#parsed(ROUTES[name].answer, value) as AnswerOf<N>;
  }

  /** Asks for what is told over time, and ends with `end`; rejects where it breaks off before. */
  async *stream<N extends StreamRouteName>(name: N, call: CallOf<N>): AsyncGenerator<ToldOf<N>, void> {
    const answer = await this.#send(name, call);
    const { events } = ROUTES[name] as { events: Readonly<Record<string, z.ZodType>> };
    for await (const { event, data } of toldBy(this.url, answer, this.#clock)) {
      if (event === 'error') throw refusedWith(data) ?? misread(this.url, 'an error that says nothing');
      const type = Object.hasOwn(events, event) ? events[event] : undefined;
      // A word of a newer server.
      if (type === undefined) continue;
      yield { event, data: this.#parsed(type, data) } as ToldOf<N>;
      if (event === 'end') return;
    }
    throw away(this.url, 'its answer ended too soon');
  }

  #parsed(type: z.ZodType, value: unknown): unknown {
    const read = type.safeParse(value);
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw misread(this.url, `${issue?.message ?? 'no reason'} at ${issue?.path.map(String).join('.') ?? ''}`);
  }

  /** A request, again where that can help and does no harm; its answer, which is a success. */
  async #send(name: RouteName, call: AnyCall): Promise<Response> {
    const { signal, retryForMs = this.#retryForMs, idempotencyKey } = call;
    const route: Route = ROUTES[name];
    const isSafe = route.method === 'GET' || idempotencyKey !== undefined || REPEATABLE.has(name);
    const untilMs = this.#clock.elapsedMs() + retryForMs;
    let waitMs = FIRST_WAIT_MS;
    for (;;) {
      signal?.throwIfAborted();
      const { answer, error, isUnheard, waitSec } = await this.#once(route, call);
      if (answer !== undefined) return answer;
      const pauseMs = Math.max(waitMs, waitSec * 1000);
      const mayAgain = isUnheard || (isSafe && isAway(error)) || waitSec > 0;
      if (!mayAgain || this.#clock.elapsedMs() + pauseMs > untilMs) throw error;
      await this.#clock.sleep(pauseMs, signal);
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    }
  }

  /** `isUnheard`: nothing was done; `waitSec`: how long the server asks to wait. */
  async #once(
    route: Route,
    call: AnyCall,
  ): Promise<
    | { answer: Response; error?: undefined; isUnheard?: undefined; waitSec?: undefined }
    | { answer?: undefined; error: unknown; isUnheard: boolean; waitSec: number }
  > {
    const { signal = null, body, idempotencyKey } = call;
    const headers = new Headers({ Accept: 'application/json, text/event-stream, application/x-ndjson' });
    if (this.#token !== undefined) headers.set('Authorization', `Bearer ${this.#token}`);
    if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey);
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    const { method } = route;
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      // A token is for this server, not for where it sends on to.
      const how = { method, headers, signal, redirect: 'manual' as const, ...sent };
      const answer = await fetch(`${this.#base}${pathOf(route, call)}`, how);
      if (answer.ok) return { answer };
      const waitSec = Number(answer.headers.get('retry-after') ?? 0) || 0;
      const error = refusedBy(this.url, answer, await this.#bodyOf(answer));
      const isBusy = answer.status === 429 || answer.status === 503;
      return { error, isUnheard: answer.status === 429, waitSec: isBusy ? waitSec : 0 };
    } catch (error) {
      if (signal?.aborted === true || error instanceof KtError) throw error;
      const cause = (error as { cause?: unknown }).cause ?? error;
      const { code } = cause as { code?: unknown };
      // Of a name with several addresses there is a code alone.
      const why = messageOf(cause) || shown(code);
      return { error: away(this.url, why, cause), isUnheard: code === 'ECONNREFUSED', waitSec: 0 };
    }
  }

  async #bodyOf(answer: Response): Promise<string> {
    try {
      return await answer.text();
    } catch (cause) {
      throw away(this.url, 'its answer broke off', cause);
    }
  }
}

const shown = (code: unknown): string => (typeof code === 'string' ? code : 'no reason was given');

function pathOf({ path }: Route, { path: names = {}, query = {} }: AnyCall): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => segment(names[name] ?? ''));
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? filled : `${filled}?${given.toString()}`;
}

/** A name as a part of a path: no name leads elsewhere. */
const segment = (name: string): string => {
  const part = encodeURIComponent(name.replaceAll(/\p{Surrogate}/gu, '\u{fffd}'));
  return /^\.{1,2}$/.test(part) || part === '' ? `%00${part}` : part;
};
