/*
 * Calls to an API server: attempts, their time, and who asks.
 *
 * H1 Every call ends: no attempt begins after `retryForMs`, and none takes longer than `timeoutMs`. How long
 *    it takes to find out who asks (a plugin may ask a person) does not count for the latter.
 * H2 Every request may be sent more than once. Names are chosen by the caller, so that a second POST meets
 *    the first as 409.
 * H3 A 401 is answered once, with new credentials; calls that meet it together share them.
 */
import type { IncomingMessage } from 'node:http';
import { isKtError, omitUndefined } from '@kube-transform/sdk';
import type { Clock } from '../../ports/index.js';
import { parseAnswer } from './answers.js';
import { type Query, withQuery } from './paths.js';
import type { KubeConnection } from './connection.js';
import { Deadline, tooLate } from './deadline.js';
import { HttpTransport, readText, type TransportRequest } from './transport.js';
import { isKubeError, type KubeCall, refused, unreachable } from './kube-error.js';
import { upgradeHeaders, WebSocket } from './web-socket.js';
import { isPassing, RetryBudget, Silence } from './retry-budget.js';

/** What a client is given beside the connection. */
export interface KubeApiOptions {
  clock: Clock;
  /** How long a call is tried again where the cluster does not answer. Default: 30 s. */
  retryForMs?: number;
  /** How long one attempt may take. Default: 30 s. */
  timeoutMs?: number;
  /** Told in words that a call has no answer after three seconds; at most once a minute. */
  onSilence?: (text: string) => void;
}

/** What every call may be given. */
export interface CallOptions {
  query?: Query | undefined;
  signal?: AbortSignal | undefined;
  /** Instead of the client's; 0: one attempt. */
  retryForMs?: number | undefined;
  /** Only the metadata of objects is wanted: of large ones the rest is not sent. Default false. */
  isBrief?: boolean | undefined;
}

/** What a stream may be given. */
export interface StreamOptions {
  query?: Query | undefined;
  signal?: AbortSignal | undefined;
  /**
   * For the head of the answer. That of a watch comes at once; that of a log may come with its first line
   * only. Default: no limit.
   */
  answerWithinMs?: number;
  /** It ends by itself, and leaves its connection to the next of the kind. Default: it has one of its own. */
  isRead?: boolean;
}

/** One call. */
export interface CallRequest {
  method: string;
  path: string;
  body?: { type: string; value: object };
  /** Whether what is asked for is a list. */
  isList?: boolean;
}

const ANY = 'application/json, */*';
const briefly = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1, ${ANY}`;
const BRIEF = briefly('PartialObjectMetadata');
const BRIEF_LIST = briefly('PartialObjectMetadataList');

/** Calls one API server. */
export class KubeRequests {
  /** How many requests were sent. */
  requests = 0;
  readonly #connection: KubeConnection;
  readonly #options: KubeApiOptions & { retryForMs: number; timeoutMs: number };
  readonly #transport: HttpTransport;
  readonly #closed = new AbortController();
  readonly #silence: Silence | undefined;
  #renewal: Promise<string | undefined> | undefined;

  constructor(connection: KubeConnection, options: KubeApiOptions) {
    this.#connection = connection;
    this.#options = {
      ...options,
      retryForMs: options.retryForMs ?? 30_000,
      timeoutMs: options.timeoutMs ?? 30_000,
    };
    this.#transport = new HttpTransport(connection);
    const { clock, onSilence } = options;
    if (onSilence !== undefined) this.#silence = new Silence(clock, onSilence);
  }

  /** The JSON of an answer. */
  async call(
    request: CallRequest,
    { query, signal, retryForMs, isBrief = false }: CallOptions,
  ): Promise<unknown> {
    const { clock, timeoutMs } = this.#options;
    const call = this.#describe(request);
    const sent = {
      method: request.method,
      path: withQuery(request.path, query),
      on: 'calls' as const,
      accept: isBrief ? (request.isList === true ? BRIEF_LIST : BRIEF) : ANY,
      ...bodyOf(request),
    };
    const budget = new RetryBudget(clock, retryForMs ?? this.#options.retryForMs);
    const unanswered = this.#silence?.begin(call, budget);
    try {
      for (;;) {
        try {
          return await this.#withToken(token =>
            this.#limited(call, { signal, ms: timeoutMs }, async deadline => {
              const answer = await this.#send(call, { ...sent, token, signal: deadline.signal });
              return parseAnswer(await readText(answer), request.isList === true);
            }),
          );
        } catch (error) {
          if (!isKubeError(error) || !isPassing(error, request.method) || this.#closed.signal.aborted)
            throw error;
          const delayMs = budget.delayMs(error);
          if (delayMs === undefined) throw error;
          await this.#limited(call, { signal, ms: undefined }, pause => clock.sleep(delayMs, pause.signal));
        }
      }
    } finally {
      unanswered?.abort();
    }
  }

  /** The bytes of an answer as they come. Not tried again. */
  async *stream(
    path: string,
    { query, signal, answerWithinMs, isRead = false }: StreamOptions,
  ): AsyncGenerator<Uint8Array, void> {
    const call = this.#describe({ method: 'GET', path }, query);
    // Ends with the stream, not with its head: what is read after the head is limited by the reader alone.
    const whole = new Deadline(signal);
    try {
      const answer = await this.#withToken(token =>
        this.#limited(call, { signal, ms: answerWithinMs }, async head => {
          head.signal.throwIfAborted();
          head.signal.addEventListener('abort', () => whole.end(head.signal.reason), { once: true });
          return this.#send(call, {
            method: 'GET',
            path: withQuery(path, query),
            on: isRead ? 'reads' : 'streams',
            accept: ANY,
            token,
            signal: whole.signal,
          });
        }),
      );
      for await (const chunk of answer) yield chunk as Uint8Array;
    } catch (error) {
      throw this.#failure(call, error, signal);
    } finally {
      whole.release();
    }
  }

  /** A connection of its own that speaks something else than HTTP. Not tried again. */
  async upgrade(
    path: string,
    { protocols, signal }: { protocols: readonly string[]; signal?: AbortSignal | undefined },
  ): Promise<WebSocket> {
    const call = this.#describe({ method: 'GET', path: path.replace(/\?.*/s, '') });
    const { headers, accept } = upgradeHeaders(protocols);
    return await this.#withToken(token =>
      this.#limited(call, { signal, ms: this.#options.timeoutMs }, async deadline => {
        this.requests++;
        const { signal: until } = deadline;
        const sent = { method: 'GET', path, on: 'streams' as const, accept: ANY, token, signal: until };
        const got = await this.#transport.upgrade(sent, headers);
        if (!('head' in got)) return await this.#refuse(call, got);
        if (got.answer.headers['sec-websocket-accept'] === accept) return new WebSocket(got.socket, got.head);
        got.socket.destroy();
        throw new Error('the server answers the upgrade of a connection with something else');
      }),
    );
  }

  /** Ends everything that is under way, and closes the connections. */
  close(): void {
    this.#closed.abort(Object.assign(new Error('the client was closed'), { code: 'CLOSED' }));
    this.#transport.close();
  }

  /**
   * Does something within a time; what goes wrong comes out as KubeError, or as the reason of the caller's
   * signal.
   */
  async #limited<T>(
    call: KubeCall,
    limits: { signal: AbortSignal | undefined; ms: number | undefined },
    act: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const { signal, ms } = limits;
    const deadline = new Deadline(signal, this.#closed.signal);
    if (ms !== undefined) deadline.endAfter(this.#options.clock, ms, () => tooLate(ms));
    try {
      return await act(deadline);
    } catch (error) {
      throw this.#failure(call, deadline.signal.aborted ? deadline.signal.reason : error, signal);
    } finally {
      deadline.release();
    }
  }

  #failure(call: KubeCall, error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    return isKtError(error) ? error : unreachable(call, error);
  }

  /** Sends one request; rejects with KubeError where the answer is not a good one. */
  async #send(call: KubeCall, request: TransportRequest): Promise<IncomingMessage> {
    request.signal.throwIfAborted();
    this.requests++;
    const answer = await this.#transport.send(request);
    const status = answer.statusCode ?? 0;
    return status >= 200 && status < 300 ? answer : await this.#refuse(call, answer);
  }

  async #refuse(call: KubeCall, answer: IncomingMessage): Promise<never> {
    const status = answer.statusCode ?? 0;
    const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
    throw refused(call, {
      status,
      text: await readText(answer),
      ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
    });
  }

  async #withToken<T>(act: (token: string | undefined) => Promise<T>): Promise<T> {
    const token = await this.#connection.token(false);
    try {
      return await act(token);
    } catch (error) {
      if (!isKubeError(error, 401)) throw error;
      return act(await this.#tokenAfter(token));
    }
  }

  async #tokenAfter(refusedToken: string | undefined): Promise<string | undefined> {
    const now = await this.#connection.token(false);
    if (now !== refusedToken) return now;
    this.#renewal ??= this.#connection.token(true).finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  #describe({ method, path, body }: CallRequest, query?: Query): KubeCall {
    const name = (body?.value as { metadata?: { name?: string } } | undefined)?.metadata?.name;
    return {
      method,
      path,
      watch: query?.['watch'] === true,
      to: this.#connection,
      ...omitUndefined({ objectName: name }),
    };
  }
}

const bodyOf = ({ body }: CallRequest): Pick<TransportRequest, 'body'> =>
  body === undefined ? {} : { body: { type: body.type, text: JSON.stringify(body.value) } };
