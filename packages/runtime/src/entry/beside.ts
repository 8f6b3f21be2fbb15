/*
 * The container beside a run's controller: runs the steps that are placed there in worker processes, for as
 * long as its pod is there.
 *
 * - It has no token of the API, and nothing of the controller's but the channel.
 * - It serves one controller at a time. One that hangs up is gone: what ran for it is stopped.
 * - It has a file of its own in the bundle, a tenth of what a controller loads; and its code is checked as
 *   pods of steps check theirs, of which it runs the same.
 */
import { readdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isKtError } from '@kube-transform/sdk';
import { processPoolExecutor } from '../executors/process-pool-executor.js';
import { serveExecutor } from '../executors/serve-executor.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import { BESIDE_WORKERS } from '../kubernetes/manifests/beside-controller.js';
import { MOUNT } from '../kubernetes/manifests/pod-spec.js';
import { messageOf } from '../parse/thrown.js';
import { LineChannel } from '../process/line-channel.js';
import { printAside, printLog } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { BEYOND_RETRY } from './beyond-retry.js';
import { layOut, readPack } from './read-pack.js';
import { verifyFiles } from './verify-files.js';

/** Serves until the pod is being ended, and ends the process. `bundle`: the one that this file is part of. */
export async function startBeside(bundle: { digest: string; sums: Record<string, string> }): Promise<never> {
  try {
    const dir = laidOut(fileURLToPath(new URL('.', import.meta.url)));
    verifyFiles(dir, bundle, process.env['KT_DIGEST'] ?? '');
    await serve(process.env['KT_BESIDE'] ?? '', join(dir, 'worker.mjs'));
  } catch (error) {
    printLog('error', messageOf(error));
    const isForGood = isKtError(error) && BEYOND_RETRY.has(error.code);
    process.exit(isForGood ? EXIT_CODE.failed : EXIT_CODE.broken);
  }
  process.exit(0);
}

/** Listens on a port of the pod's own; resolves when the pod is being ended. */
function serve(port: string, entry: string): Promise<void> {
  const storeUrl = process.env['KT_STORE'] ?? '';
  let serving = Promise.resolve();
  const take = async (socket: Socket): Promise<void> => {
    const pool = processPoolExecutor({ entry, storeUrl, clock: systemClock, workers: BESIDE_WORKERS });
    await serveExecutor(LineChannel.join(socket), pool);
  };
  const server = createServer(socket => {
    serving = serving.then(() => take(socket)).catch((error: unknown) => printAside(messageOf(error)));
  });
  server.listen(Number(port), '127.0.0.1');
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    process.once('SIGTERM', () => resolve());
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
