/** A process that is begun in a container, and its streams; a port of a pod, and its bytes. */
import { KtError } from '@kube-transform/sdk';
import { tryJson } from '../../parse/parse-json.js';
import type { WebSocket } from './web-socket.js';

/** The protocols in which its streams come, the better first. */
export const EXEC_PROTOCOLS: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** The protocol in which the bytes of a port come. */
export const FORWARD_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io'];

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, end: 3 } as const;
const FORWARDED = { data: 0, error: 1 } as const;
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

/** The streams of a process that a connection leads to; `onError` is told what it says on standard error. */
export function execStream(socket: WebSocket, onError: (bytes: Uint8Array) => void): ExecStream {
  let isLeft = false;
  return {
    input: printed(socket, { onError, isLeft: () => isLeft }),
    send: bytes => socket.send(onChannel(CHANNEL.stdin, bytes)),
    close: () => {
      isLeft = true;
      socket.close();
    },
  };
}

function onChannel(channel: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + bytes.length);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

async function* printed(
  socket: WebSocket,
  { onError, isLeft }: { onError: (bytes: Uint8Array) => void; isLeft: () => boolean },
): AsyncGenerator<Uint8Array, void> {
  let said = '';
  for await (const message of socket.messages()) {
    const body = message.subarray(1);
    if (body.length === 0) continue;
    if (message[0] === CHANNEL.stdout) yield body;
    else if (message[0] === CHANNEL.stderr) {
      onError(body);
      said = (said + Buffer.from(body).toString()).slice(-SAID_BYTES);
    } else if (message[0] === CHANNEL.end) {
      const status = tryJson(Buffer.from(body).toString());
      if (isSuccess(status)) return;
      throw failed(status, said);
    }
  }
  if (!isLeft()) throw failed(undefined, said);
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

/** A connection to a port of a pod. */
export type ForwardStream = ExecStream;

/** The bytes of a port that a connection leads to. What is read rejects where nobody listens there. */
export const forwardStream = (socket: WebSocket): ForwardStream => ({
  input: forwarded(socket),
  send: bytes => socket.send(onChannel(FORWARDED.data, bytes)),
  close: () => socket.close(),
});

async function* forwarded(socket: WebSocket): AsyncGenerator<Uint8Array, void> {
  // The first message of each channel says which port it is for.
  const begun = new Set<number>();
  for await (const message of socket.messages()) {
    const [channel = FORWARDED.data] = message;
    const body = message.subarray(1);
    if (!begun.has(channel)) begun.add(channel);
    else if (channel === FORWARDED.data) yield body;
    else if (channel === FORWARDED.error && body.length > 0)
      throw new KtError({
        code: 'FORWARD_FAILED',
        path: '',
        message: `A port of the pod is not reached: ${Buffer.from(body).toString().trim().slice(0, SAID_BYTES)}`,
      });
  }
}
