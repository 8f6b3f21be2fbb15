/** A process that is begun in a container, and its streams. */
import { KtError } from '@kube-transform/sdk';
import { tryJson } from '../../parse/parse-json.js';
import type { WebSocket } from './web-socket.js';

/** The protocols in which its streams come, the better first. */
export const EXEC_PROTOCOLS: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, end: 3 } as const;
const SAID_BYTES = 2000;

/** The process, as its standard streams. */
export interface ExecStream {
  /** What it prints. Ends with it; rejects where it fails, with what it said on standard error. */
  input: AsyncIterable<Uint8Array>;
  /** Gives it bytes; resolves when there is room for more. */
  send(bytes: Uint8Array): Promise<void>;
  /** Leaves it: its standard input ends. */
  close(): void;
}

/** The streams of a process that a connection leads to. */
export function execStream(socket: WebSocket): ExecStream {
  return {
    input: printed(socket),
    send: async bytes => {
      const message = new Uint8Array(1 + bytes.length);
      message[0] = CHANNEL.stdin;
      message.set(bytes, 1);
      await socket.send(message);
    },
    close: () => socket.close(),
  };
}

async function* printed(socket: WebSocket): AsyncGenerator<Uint8Array, void> {
  let said = '';
  for await (const message of socket.messages()) {
    const body = message.subarray(1);
    if (body.length === 0) continue;
    if (message[0] === CHANNEL.stdout) yield body;
    else if (message[0] === CHANNEL.stderr) said = (said + Buffer.from(body).toString()).slice(-SAID_BYTES);
    else if (message[0] === CHANNEL.end) {
      const status = tryJson(Buffer.from(body).toString());
      if (isSuccess(status)) return;
      throw failed(status, said);
    }
  }
}

const isSuccess = (status: unknown): boolean =>
  typeof status === 'object' && status !== null && (status as { status?: unknown }).status === 'Success';

function failed(status: unknown, said: string): KtError {
  const message = (status as { message?: unknown } | undefined)?.message;
  const why = typeof message === 'string' ? message : 'its end was not told';
  const words = said.trim() === '' ? '' : ` It said: ${said.trim()}`;
  return new KtError({
    code: 'EXEC_FAILED',
    path: '',
    message: `A process in the pod failed: ${why}.${words}`,
  });
}
