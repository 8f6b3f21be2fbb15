/** Listens for hints of workers: which pod of which job has something new in the store. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hint, HintAddress } from '../../ports/index.js';
import { HINT } from './hint-formats.js';

const MAX_BYTES = 10_000;

/** A server of hints. */
export interface HintServer extends AsyncDisposable {
  readonly address: HintAddress;
}

/** Starts listening; `onHint` is called with each hint that has the token. */
export async function hintServer({
  host,
  onHint,
}: {
  host: string;
  onHint: (hint: Hint) => void;
}): Promise<HintServer> {
  const token = randomUUID();
  const expected = Buffer.from(`Bearer ${token}`);
  const server = createServer((request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(401).end();
      return;
    }
    void read(request).then(hint => {
      if (hint !== null) onHint(hint);
      response.writeHead(hint === null ? 400 : 204).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '0.0.0.0', resolve);
  });
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

async function read(request: IncomingMessage): Promise<Hint | null> {
  let text = '';
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (text.length > MAX_BYTES) return null;
    }
    return HINT.parse(text, 'POST /hint');
  } catch {
    return null;
  }
}
