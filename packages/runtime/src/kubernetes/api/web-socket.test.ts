import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KubeApi } from './kube-api.js';
import { WebSocket } from './web-socket.js';
import { systemClock } from '../../process/system-clock.js';

/** A frame as a server sends it. */
function frame(opcode: number, body: Uint8Array, isFinal = true): Buffer {
  const { length } = body;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, body]);
}
/** What a client's frame says. */
function said(bytes: Buffer): { opcode: number; body: string } {
  const short = bytes[1]! & 0x7f;
  expect(bytes[1]! & 0x80).toBe(0x80);
  const start = short < 126 ? 2 : 4;
  const mask = bytes.subarray(start, start + 4);
  const body = bytes.subarray(start + 4).map((byte, at) => byte ^ mask[at & 3]!);
  return { opcode: bytes[0]! & 0x0f, body: Buffer.from(body).toString() };
}

test('WS1: messages - come whole, whatever pieces they come in; pings are answered', async () => {
  const sent = Buffer.concat([
    frame(2, Buffer.from('ab')),
    frame(2, Buffer.from('be'), false),
    frame(9, Buffer.from('are you there')),
    frame(0, Buffer.from('gun')),
    frame(2, new Uint8Array(300)),
    frame(2, new Uint8Array(70_000)),
    frame(8, new Uint8Array()),
    frame(2, Buffer.from('after the end')),
  ]);
  for (const size of [1, 5, 4096, sent.length]) {
    const [toClient, fromClient] = [new PassThrough(), new PassThrough()];
    const socket = new WebSocket(
      Duplex.from({ readable: toClient, writable: fromClient }),
      sent.subarray(0, 3),
    );
    for (let at = 3; at < sent.length; at += size) toClient.write(sent.subarray(at, at + size));
    toClient.end();
    const messages: string[] = [];
    for await (const message of socket.messages())
      messages.push(message.length > 20 ? `${message.length}` : Buffer.from(message).toString());
    expect(messages).toEqual(['ab', 'begun', '300', '70000']);
    expect(said(fromClient.read() as Buffer)).toEqual({ opcode: 10, body: 'are you there' });
  }
});

/** An API server that begins processes: `serve` is the process, or the answer that refuses it. */
async function execServer(serve: (socket: Socket) => void, accept?: string): Promise<KubeApi> {
  const server = createServer();
  server.on('upgrade', ({ headers }, socket: Socket) => {
    const sum = createHash('sha1').update(
      `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept ?? sum.digest('base64')}\r\n\r\n`,
    );
    serve(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const connection = { name: 'c', server: `http://127.0.0.1:${port}`, namespace: 'ns' };
  const api = new KubeApi({ ...connection, token: async () => 't' }, { clock: systemClock, retryForMs: 0 });
  onTestFinished(() => api.close());
  return api;
}
const COMMAND = { container: 'main', command: ['node', 'a b'] };

test('exec - what a process prints comes, and how it failed is told with what it said', async () => {
  const status = { status: 'Failure', message: 'command terminated with exit code 3' };
  const api = await execServer(socket => {
    socket.write(frame(2, Buffer.from('\u0001hello')));
    socket.write(frame(2, Buffer.from('\u0002no room')));
    socket.end(frame(2, Buffer.from(`\u0003${JSON.stringify(status)}`)));
  });
  const { input } = await api.exec('p', COMMAND);
  const printed: string[] = [];
  const reading = (async () => {
    for await (const chunk of input) printed.push(Buffer.from(chunk).toString());
  })();
  await expect(reading).rejects.toThrow(/command terminated with exit code 3.*no room/);
  expect(printed).toEqual(['hello']);
});

test('exec - what it is given goes to its standard input', async () => {
  let got = (_: Buffer): void => undefined;
  const given = new Promise<Buffer>(resolve => (got = resolve));
  const api = await execServer(socket => void socket.once('data', got));
  const { send, close } = await api.exec('p', COMMAND);
  await send(Buffer.from('hi'));
  expect(said(await given)).toEqual({ opcode: 2, body: '\u0000hi' });
  close();
});

test('exec - a connection that breaks is no end of the process', async () => {
  const api = await execServer(socket => void socket.end(frame(2, Buffer.from('\u0001half'))));
  const { input } = await api.exec('p', COMMAND);
  const reading = (async () => {
    for await (const chunk of input) expect(Buffer.from(chunk).toString()).toBe('half');
  })();
  await expect(reading).rejects.toMatchObject({ code: 'EXEC_FAILED' });
});

test('exec - what is said on standard error is told as it comes', async () => {
  const api = await execServer(socket => {
    socket.write(frame(2, Buffer.from('\u0002one\n')));
    socket.write(frame(2, Buffer.from('\u0001out')));
    socket.write(frame(2, Buffer.from('\u0002two\n')));
    socket.end(frame(2, Buffer.from('\u0003{"status":"Success"}')));
  });
  const said: string[] = [];
  const { input } = await api.exec('p', COMMAND, { onError: bytes => void said.push(String(bytes)) });
  for await (const chunk of input) said.push(String(chunk));
  expect(said).toEqual(['one\n', 'out', 'two\n']);
});

describe('forward', () => {
  const PORT = Buffer.from([0x0d, 0x24]);
  const begin = (socket: Socket): void => {
    for (const channel of [0, 1]) socket.write(frame(2, Buffer.concat([Buffer.from([channel]), PORT])));
  };

  test('the bytes of a port come and go, without what is said of the port', async () => {
    let got = (_: Buffer): void => undefined;
    const given = new Promise<Buffer>(resolve => (got = resolve));
    const api = await execServer(socket => {
      begin(socket);
      socket.write(frame(2, Buffer.from('\u0000a')));
      socket.write(frame(2, Buffer.from('\u0000\r$')));
      socket.once('data', bytes => {
        got(bytes);
        socket.end(frame(8, new Uint8Array()));
      });
    });
    const { input, send } = await api.forward('p', 9229);
    await send(Buffer.from('hi'));
    expect(said(await given)).toEqual({ opcode: 2, body: '\u0000hi' });
    const bytes: string[] = [];
    for await (const chunk of input) bytes.push(String(chunk));
    expect(bytes).toEqual(['a', '\r$']);
  });

  test('a port at which nobody listens is told', async () => {
    const api = await execServer(socket => {
      begin(socket);
      socket.write(frame(2, Buffer.from('\u0001connection refused\n')));
    });
    const { input, close } = await api.forward('p', 9229);
    const reading = (async () => {
      for await (const chunk of input) expect.fail(String(chunk));
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'FORWARD_FAILED',
      message: expect.stringContaining('connection refused') as string,
    });
    close();
  });
});

test('exec - a server that does not know the key is not spoken to', async () => {
  const api = await execServer(() => undefined, 'something else');
  await expect(api.exec('p', COMMAND)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
});
