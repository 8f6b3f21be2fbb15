/** A debugger for tests: speaks the Chrome DevTools protocol to a Node process that listens on a port. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { upgradeHeaders, WebSocket } from '../../packages/runtime/src/kubernetes/api/web-socket.js';

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
}
interface Frame {
  callFrameId: string;
}

/** A process that is debugged. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #messages: AsyncGenerator<Uint8Array, void>;
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#messages = socket.messages();
  }

  /** Attaches as soon as somebody listens there. */
  static async attach(port: number): Promise<Inspector> {
    for (;;) {
      const target = await targetOf(port).catch(() => undefined);
      if (target !== undefined) return new Inspector(await connect(new URL(target)));
      await new Promise<void>(resolve => setImmediate(resolve));
    }
  }

  /** Goes on to the first `debugger` statement at which something can be evaluated; what it is. */
  async evaluateAtStatement(expression: string): Promise<unknown> {
    await this.#ask('Runtime.enable');
    await this.#ask('Debugger.enable');
    await this.#ask('Runtime.runIfWaitingForDebugger');
    for (;;) {
      const { params = {} } = await this.#until(({ method }) => method === 'Debugger.paused');
      const [frame] = params['callFrames'] as Frame[];
      const found = await this.#ask('Debugger.evaluateOnCallFrame', {
        ...{ callFrameId: frame?.callFrameId, expression, returnByValue: true },
      });
      const { value } = found['result'] as { value?: unknown };
      if (!('exceptionDetails' in found)) return value;
      await this.#ask('Debugger.resume');
    }
  }

  /** Goes on, and leaves. */
  async leave(): Promise<void> {
    await this.#ask('Debugger.resume');
    this.#socket.close();
  }

  async #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#asked;
    await this.#socket.send(Buffer.from(JSON.stringify({ id, method, params })));
    return (await this.#until(message => message.id === id)).result ?? {};
  }

  async #until(is: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const { value, done } = await this.#messages.next();
      if (done === true) throw new Error('the process has ended');
      const message = JSON.parse(Buffer.from(value).toString()) as Message;
      if (is(message)) return message;
      if (message.method === 'Runtime.executionContextDestroyed') {
        this.#socket.close();
        throw new Error('the process is over');
      }
    }
  }
}

/** The URL of the only thing that can be debugged there. */
async function targetOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
  const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
  return target?.webSocketDebuggerUrl ?? '';
}

async function connect({ hostname, port, pathname }: URL): Promise<WebSocket> {
  const { 'Sec-WebSocket-Protocol': _, ...headers } = upgradeHeaders([]).headers;
  return await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: pathname, headers });
    asked.once('error', reject);
    asked.once('upgrade', (_answer, socket: Duplex, head) => resolve(new WebSocket(inText(socket), head)));
    asked.end();
  });
}

/** Node wants its messages marked as text, and an API server as bytes: the mark is the first byte of each. */
function inText(socket: Duplex): Duplex {
  const write = socket.write.bind(socket) as (bytes: Buffer) => boolean;
  socket.write = (bytes: unknown): boolean => {
    const frame = bytes as Buffer;
    if (frame[0] === 0x82) frame[0] = 0x81;
    return write(frame);
  };
  return socket;
}
