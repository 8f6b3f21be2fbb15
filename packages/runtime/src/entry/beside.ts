/*
 * The container beside a run's controller: runs the steps that are placed there in worker processes, for as
 * long as its pod is there.
 *
 * - It has no token of the API, and nothing of the controller's but the channel.
 * - It serves one controller at a time. One that hangs up is gone: what ran for it is stopped.
 */
import { readdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processPoolExecutor } from '../executors/process-pool-executor.js';
import { serveExecutor } from '../executors/serve-executor.js';
import { BESIDE_WORKERS } from '../kubernetes/manifests/beside-controller.js';
import { MOUNT } from '../kubernetes/manifests/pod-spec.js';
import { messageOf } from '../parse/thrown.js';
import { LineChannel } from '../process/line-channel.js';
import { printAside } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { layOut, readPack } from './read-pack.js';
import { verifyBundle } from './verify-bundle.js';

/** Listens on a port of the pod's own; resolves when the pod is being ended. */
export function serveBeside(port: string): Promise<number> {
  const code = fileURLToPath(new URL('.', import.meta.url));
  verifyBundle(code, process.env['KT_DIGEST'] ?? '');
  const entry = join(laidOut(code), 'worker.mjs');
  const storeUrl = process.env['KT_STORE'] ?? '';
  let serving = Promise.resolve();
  const serve = async (socket: Socket): Promise<void> => {
    const pool = processPoolExecutor({ entry, storeUrl, clock: systemClock, workers: BESIDE_WORKERS });
    await serveExecutor(LineChannel.join(socket), pool);
  };
  const server = createServer(socket => {
    serving = serving.then(() => serve(socket)).catch((error: unknown) => printAside(messageOf(error)));
  });
  server.listen(Number(port), '127.0.0.1');
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    process.once('SIGTERM', () => resolve(0));
  });
}

/** The folder in which the bundle's files are, once for all workers. */
function laidOut(code: string): string {
  const pack = readPack(code, readdirSync(code));
  if (pack === null) return code;
  const dir = join(process.env['TMPDIR'] ?? MOUNT.scratch, 'kt-bundle');
  // Of a container that was here before.
  rmSync(dir, { recursive: true, force: true });
  layOut(pack, dir);
  return dir;
}
