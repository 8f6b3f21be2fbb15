/** A debugger for tests: speaks the Chrome DevTools protocol to a Node process that listens on a port. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as later } from 'node:timers/promises';
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

/** A connection that leads nowhere says nothing, and another one may answer. */
const ANSWER_WITHIN_MS = 5000;
const AGAIN_MS = 50;

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
      const socket = await targetOf(port)
        .then(connect)
        .catch(() => undefined);
      if (socket !== undefined) return new Inspector(socket);
      await later(AGAIN_MS);
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
async function targetOf(port: number): Promise<URL> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { signal });
  const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
  return new URL(target?.webSocketDebuggerUrl ?? '');
}

async function connect({ hostname, port, pathname }: URL): Promise<WebSocket> {
  const { 'Sec-WebSocket-Protocol': _, ...headers } = upgradeHeaders([]).headers;
  return await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: pathname, headers });
    const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const giveUp = (): void => void asked.destroy(new Error('nobody answers'));
    late.addEventListener('abort', giveUp);
    asked.once('error', reject);
    asked.once('upgrade', (_answer, socket: Duplex, head) => {
      late.removeEventListener('abort', giveUp);
      resolve(new WebSocket(inText(socket), head));
    });
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
