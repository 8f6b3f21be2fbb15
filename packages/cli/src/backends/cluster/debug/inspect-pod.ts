/*
 * Calls the function of an item in its debug pod under a debugger, to which a port of this machine leads.
 *
 * - Each connection to the port is one to the pod, by way of the API server. A debugger comes and goes; the
 *   session ends with the process in the pod.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isKtError, KtError } from '@kube-transform/sdk';
import { LineDecoder, linesOf } from '@kube-transform/runtime/internal';
import { CONTAINER, type KubeApi, replayWords } from '@kube-transform/runtime/kubernetes';
import type { InspectSession } from '../../backend.js';

/** Of the debugger, within the pod. */
export const POD_PORT = 9229;

/** Calls it; false where it failed. */
export async function inspectInPod(
  api: KubeApi,
  { pod, words }: { pod: string; words: readonly string[] },
  { port, listening, print, signal }: InspectSession,
): Promise<boolean> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  const server = createServer(socket => void lead(api, { pod, socket, signal: leaving.signal }));
  signal.addEventListener('abort', leave, { once: true });
  try {
    const told = await listen(server, port);
    const said = new LineDecoder();
    const onError = (bytes: Uint8Array): void => said.push(bytes).forEach(print);
    const command = replayWords(words, POD_PORT);
    const process = await api.exec(pod, { container: CONTAINER, command }, { signal, onError });
    leaving.signal.addEventListener('abort', () => process.close(), { once: true });
    listening(told);
    for await (const line of linesOf(process.input)) print(line);
    signal.throwIfAborted();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isKtError(error) && error.code === 'EXEC_FAILED' && /exit code/.test(error.message)) return false;
    throw error;
  } finally {
    signal.removeEventListener('abort', leave);
    leaving.abort();
    server.close();
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(taken(port, error)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Passes on what comes, both ways, until either side ends. */
async function lead(
  api: KubeApi,
  { pod, socket, signal }: { pod: string; socket: Socket; signal: AbortSignal },
): Promise<void> {
  // Told by what reads and writes it.
  socket.on('error', () => undefined);
  try {
    const stream = await api.forward(pod, POD_PORT, { signal });
    const end = (): void => {
      stream.close();
      socket.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    const there = (async () => {
      for await (const bytes of socket) await stream.send(bytes as Buffer);
    })();
    // Where the other way breaks first nobody waits for this one.
    there.catch(() => undefined);
    await Promise.race([there, pipeline(Readable.from(stream.input), socket)]).finally(end);
    await there;
  } catch {
    // A debugger that cannot connect yet tries again.
    socket.destroy();
  }
}

const taken = (port: number, cause: NodeJS.ErrnoException): KtError =>
  new KtError(
    {
      code: 'PORT_TAKEN',
      path: '--inspect',
      message: `Port ${port} of this machine cannot be listened on: ${cause.message}.`,
      hint: 'Name another one: --inspect 9230; 0 takes any that is free.',
    },
    { cause },
  );
