/*
 * Listens for hints of workers: which pod of which job has something new in the store.
 *
 * HS1 Whoever reaches the port can neither break the controller nor keep it busy: a hint needs the token and
 *     is parsed, a request is small and quick or is ended, and so many at once are heard.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Format } from '../../parse/format.js';
import type { Assignment, AssignmentRequest, Hint, HintAddress, WarmRequest } from '../../ports/index.js';
import { ASSIGNMENT, ASSIGNMENT_REQUEST, HINT, WARM_REQUEST } from './hint-formats.js';

const MAX_BYTES = 32_768;
const MAX_CONNECTIONS = 512;
/** How long a request may take to arrive. */
const ARRIVES_WITHIN_MS = 5000;

/** A server of hints. */
export interface HintServer extends AsyncDisposable {
  readonly address: HintAddress;
}

/** Starts listening; `onHint` is called with each hint that has the token. */
export async function hintServer({
  host,
  onHint,
  onAssign = () => Promise.resolve({ pod: null }),
  onWarm = () => Promise.resolve({ pod: null }),
  maxConnections = MAX_CONNECTIONS,
}: {
  host: string;
  onHint: (hint: Hint) => void;
  /** Gives a pod something to do; null: it is to find out by itself. Default: nothing is left. */
  onAssign?: (request: AssignmentRequest) => Promise<Assignment | null>;
  /** The same for a warm pod, which waits for the answer until the signal. */
  onWarm?: (request: WarmRequest, signal: AbortSignal) => Promise<Assignment | null>;
  /** Beyond so many, connections are closed at once. Default 512. */
  maxConnections?: number;
}): Promise<HintServer> {
  const token = randomUUID();
  const expected = Buffer.from(`Bearer ${token}`);
  const limits = {
    requestTimeout: ARRIVES_WITHIN_MS,
    headersTimeout: ARRIVES_WITHIN_MS,
    connectionsCheckingInterval: ARRIVES_WITHIN_MS / 5,
  };
  const server = createServer(limits, (request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(401).end();
      return;
    }
    const answer = (code: number, body?: string): void => {
      if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
      response.writeHead(code).end(body);
    };
    const give = (given: Promise<Assignment | null>): Promise<void> =>
      given.then(
        it => (it === null ? answer(503) : answer(200, ASSIGNMENT.text(it))),
        () => answer(503),
      );
    if (request.url === '/assign')
      void read(request, ASSIGNMENT_REQUEST).then(asked =>
        asked === null ? answer(400) : give(onAssign(asked)),
      );
    else if (request.url === '/warm') {
      const left = new AbortController();
      response.once('close', () => left.abort());
      void read(request, WARM_REQUEST).then(asked =>
        asked === null ? answer(400) : give(onWarm(asked, left.signal)),
      );
    } else
      void read(request, HINT).then(hint => {
        if (hint !== null) onHint(hint);
        answer(hint === null ? 400 : 204);
      });
  });
  server.maxConnections = maxConnections;
  // Without a host: on all addresses, of IPv6 too where there is any.
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, resolve));
  // What goes wrong from now on costs hints, and nothing else.
  server.on('error', () => undefined);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host, port, token },
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read<T extends object>(request: IncomingMessage, format: Format<T>): Promise<T | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if ((size += chunk.length) > MAX_BYTES) return null;
      chunks.push(chunk);
    }
    return format.parse(Buffer.concat(chunks), `POST ${request.url ?? ''}`);
  } catch {
    return null;
  }
}
