/** Stands between a client and a registry: keeps what was asked, and fails on purpose. */
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does to the next request of a method, once. */
export interface Fault {
  method: string;
  /** Ends the connection when so many bytes of the request's body have passed. */
  cutRequestAt?: number;
  /** Ends the connection when so many bytes of the answer's body have passed. */
  cutAnswerAt?: number;
  /** Passes the request on, and ends the connection instead of answering. */
  loseAnswer?: boolean;
  /** Answers this instead of asking. */
  status?: number;
}

/** A proxy that runs. */
export interface WatchingProxy extends AsyncDisposable {
  host: string;
  /** Methods and paths, in order. */
  requests: string[];
  /** Bytes of bodies that were sent. */
  sentBytes: number;
  faults: Fault[];
}

/** Starts one before a host, on a port that is free. */
export async function watch(target: string): Promise<WatchingProxy> {
  const proxy = { requests: [] as string[], faults: [] as Fault[], sentBytes: 0 };
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    proxy.requests.push(`${method} ${url.split('?')[0] ?? ''}`);
    const at = proxy.faults.findIndex(fault => fault.method === method);
    const [fault] = at < 0 ? [] : proxy.faults.splice(at, 1);
    if (fault?.status !== undefined) {
      request.resume();
      response.writeHead(fault.status).end();
      return;
    }
    const [host = '', port = ''] = target.split(':');
    const passed = ask({ host, port, method, path: url, headers });
    const cut = (): void => {
      passed.destroy();
      request.socket.destroy();
    };
    passed.on('error', cut);
    passed.on('response', answer => {
      if (fault?.loseAnswer === true) return cut();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        response.write(chunk);
        if (bytes >= (fault?.cutAnswerAt ?? Infinity)) cut();
      });
      answer.on('end', () => response.end());
    });
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      proxy.sentBytes += chunk.length;
      bytes += chunk.length;
      passed.write(chunk, () => {
        if (bytes >= (fault?.cutRequestAt ?? Infinity)) cut();
      });
    });
    request.on('end', () => passed.end());
    request.on('error', () => undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: (): Promise<void> => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  });
}
