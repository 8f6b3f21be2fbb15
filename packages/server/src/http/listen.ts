/** The server on a port: time limits, refusals of what is no HTTP, and an end that cuts nobody off. */
import { createServer, STATUS_CODES, type Server } from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '@kube-transform/runtime';
import type { Hono } from 'hono';
import { MIN_VERSION, readKeyPair, renewCertificate, type TlsSettings } from './certificate.js';

/** Where, and how long a request may take to come. */
export interface ListenOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  clock: Clock;
  /** For the head of a request. Default 10 s. */
  headMs?: number;
  /** For a whole request with its body. Default 30 s. */
  requestMs?: number;
  /** Default: without TLS. */
  tls?: TlsSettings | undefined;
  /**
   * The process is there for this server alone, whose lighter `Request` and `Response` take the place of
   * those of Node: an answer need not become a stream of the web then. Default false.
   */
  ownsProcess?: boolean | undefined;
  /** Told in a sentence of a certificate that cannot be used any more. */
  tell?: (message: string) => void;
}

/** A server that listens. */
export interface ListeningServer {
  /** `http://127.0.0.1:5000`. */
  url: string;
  /** Takes no more requests; resolves when those under way are answered, or after the time given. */
  close(withinMs: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const CHECK_EVERY_MS = 1000;
const REFUSALS: Record<string, [status: number, why: string]> = {
  HPE_HEADER_OVERFLOW: [431, `The headers of a request may have ${MAX_HEADER_BYTES} bytes.`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.'],
};

/** What is said on a connection that speaks no HTTP, or too slowly. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || /^(ECONNRESET|EPROTO|ERR_SSL_.*|ERR_TLS_.*)$/.test(error.code ?? ''))
    return void socket.destroy();
  const [status, why] = REFUSALS[error.code ?? ''] ?? [400, 'This is no request that HTTP knows.'];
  const body = JSON.stringify({ error: why, code: 'BAD_REQUEST' });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Listens. Rejects where the port is taken, or the certificate cannot be used. */
export async function listen(app: Hono, options: ListenOptions): Promise<ListeningServer> {
  const { host, port, clock, headMs = 10_000, requestMs = 30_000, tls, tell = () => undefined } = options;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    keepAliveTimeout: 5000,
  };
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: options.ownsProcess ?? false });
  const pair = tls === undefined ? undefined : await readKeyPair(tls);
  const server =
    pair === undefined
      ? createServer(limits, (request, response) => void answer(request, response))
      : https.createServer(
          { ...limits, ...pair, minVersion: MIN_VERSION, handshakeTimeout: headMs },
          (request, response) => void answer(request, response),
        );
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const closing = new AbortController();
  if (tls !== undefined && pair !== undefined && server instanceof https.Server)
    void renewCertificate(server, { settings: tls, pair, clock, signal: closing.signal, tell });
  const close = async (withinMs: number): Promise<void> => {
    closing.abort();
    await closed(server, clock, withinMs);
  };
  return { url: urlOf(server), close };
}

function urlOf(server: Server | https.Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${server instanceof https.Server ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function closed(server: Server | https.Server, clock: Clock, withinMs: number): Promise<void> {
  const over = new AbortController();
  // Who asks again and again on one connection would keep it open: each is told that it is the last answer.
  server.prependListener('request', (_, response) => (response.shouldKeepAlive = false));
  const end = new Promise<void>(resolve => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = clock.sleep(withinMs, over.signal).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  await end;
  over.abort();
  await late;
}
