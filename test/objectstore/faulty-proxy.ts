/**
 * A proxy before an object store that does what servers and networks do now and then: throttles, fails,
 * answers a conflict, cuts the connection before or after the request had its effect, or within an answer.
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it did, by name. */
export type Faults = Map<string, number>;

/** What may happen to any request. */
const ANYWHERE = ['throttled', 'failed', 'cut before', 'cut after', 'cut within'];

/**
 * Starts one beside its target; `perMille` of all requests meet a fault, the same ones each time.
 * `conflicts`: the server is one that decides for neither of two puts that meet.
 */
export async function faultyProxy(
  target: string,
  { perMille, conflicts }: { perMille: number; conflicts: boolean },
): Promise<AsyncDisposable & { url: string; faults: Faults; asked: string[] }> {
  const { hostname, port } = new URL(target);
  const faults: Faults = new Map();
  const asked: string[] = [];
  let state = 12_345;
  const chance = (of: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % of;
  };
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    asked.push(`${method} ${url}`);
    const isConditional = headers['if-none-match'] !== undefined || headers['if-match'] !== undefined;
    const kinds = conflicts && isConditional && method === 'PUT' ? [...ANYWHERE, 'conflict'] : ANYWHERE;
    const fault = chance(1000) < perMille ? kinds[chance(kinds.length)]! : undefined;
    if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    const answer = (status: number, code: string): void => {
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
    };
    if (fault === 'throttled') return conflicts ? answer(503, 'SlowDown') : answer(429, 'TooManyRequests');
    if (fault === 'failed') return answer(500, 'InternalError');
    if (fault === 'conflict') return answer(409, 'ConditionalRequestConflict');
    if (fault === 'cut before') return void incoming.socket.destroy();
    const onward = request({ hostname, port, method, path: url, headers }, response => {
      if (fault === 'cut after') {
        response.resume();
        response.once('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      if (fault !== 'cut within') return void response.pipe(outgoing);
      const size = Number(response.headers['content-length'] ?? 0);
      let sent = 0;
      response.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.max(0, Math.ceil(size / 2) - sent));
        sent += part.length;
        outgoing.write(part);
      });
      response.once('end', () => incoming.socket.destroy());
    });
    onward.once('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>(resolve => server.listen(0, hostname, resolve));
  return {
    url: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    faults,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
