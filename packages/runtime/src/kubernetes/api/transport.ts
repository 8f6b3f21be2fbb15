/** Requests to one API server over node:https (node:http for servers without TLS). */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import { omitUndefined } from '@kube-transform/sdk';
import type { KubeConnection } from './connection.js';

/** One request. */
export interface TransportRequest {
  method: string;
  /** With query. */
  path: string;
  body?: { type: string; text: string };
  token: string | undefined;
  /** Media types of the answer. */
  accept: string;
  /**
   * Who has its connection: all calls, a stream that goes on, or one that ends by itself and leaves it to the
   * next.
   */
  on: 'calls' | 'streams' | 'reads';
  signal: AbortSignal;
}

/** A connection that speaks something else from now on. */
export interface Upgraded {
  answer: http.IncomingMessage;
  socket: Duplex;
  /** What has come of it already. */
  head: Buffer;
}

const MAX_SOCKETS = 16;
/** Idle connections are closed before a load balancer forgets them. */
const IDLE_MS = 45_000;
const KEEP_ALIVE_MS = 30_000;

/** The connections to an API server: those that calls share, those of reads, and one each for streams. */
export class HttpTransport {
  readonly #connection: KubeConnection;
  readonly #agents: { readonly calls: http.Agent; readonly streams: http.Agent; readonly reads?: http.Agent };
  readonly #secure: boolean;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
    this.#secure = new URL(connection.server).protocol === 'https:';
    const { Agent } = this.#secure ? https : http;
    this.#agents = connection.agents ?? {
      calls: new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo', timeout: IDLE_MS }),
      streams: new Agent({ keepAlive: false }),
      reads: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS }),
    };
  }

  /**
   * Sends a request; resolves with the head of the answer. An error of a connection that was used before has
   * `stale`.
   */
  send(sent: TransportRequest): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#request(sent);
      request.on('response', resolve);
      // Stays for good: an error after the answer has begun is told by the answer, and must not end the
      // process here.
      request.on('error', error => reject(Object.assign(error, { stale: request.reusedSocket })));
      if (sent.on !== 'calls') request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
      request.end(sent.body?.text);
    });
  }

  /** Asks for an upgrade of a connection of its own; resolves with that, or with an answer that refuses. */
  upgrade(
    sent: TransportRequest,
    headers: Readonly<Record<string, string>>,
  ): Promise<http.IncomingMessage | Upgraded> {
    return new Promise((resolve, reject) => {
      const request = this.#request(sent, headers);
      request.on('response', resolve);
      request.on('upgrade', (answer, socket, head) => resolve({ answer, socket, head }));
      request.on('error', reject);
      request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
      request.end();
    });
  }

  #request(
    { method, path, body, token, accept, on, signal }: TransportRequest,
    more: Readonly<Record<string, string>> = {},
  ): http.ClientRequest {
    const { server, ca, cert, key, rejectUnauthorized, servername } = this.#connection;
    const url = new URL(server);
    const options: https.RequestOptions = {
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      ...(url.port === '' ? {} : { port: url.port }),
      ...omitUndefined({ ca, cert, key, rejectUnauthorized, servername }),
      method,
      path: `${url.pathname.replace(/\/$/, '')}${path}`,
      headers: {
        ...this.#connection.headers,
        Accept: accept,
        'User-Agent': 'kube-transform',
        ...more,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { 'Content-Type': body.type, 'Content-Length': Buffer.byteLength(body.text) }),
      },
      agent: this.#agents[on] ?? this.#agents.streams,
      signal,
    };
    return (this.#secure ? https : http).request(options);
  }

  /** Closes all connections. */
  close(): void {
    this.#agents.calls.destroy();
    this.#agents.streams.destroy();
    this.#agents.reads?.destroy();
  }
}

/** The whole body of an answer as text. */
export async function readText(answer: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
