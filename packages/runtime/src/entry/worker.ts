/**
 * A worker process: runs pods that its driver sends over their channel, or, in a cluster, the pod that it is.
 */
import { KtError } from '@kube-transform/sdk';
import { captureOutput, withinLog } from '../process/console-capture.js';
import { messageOf } from '../parse/thrown.js';
import { printAside } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { LINGER_MS, untilQuiet } from '../process/until-quiet.js';
import { pacing } from '../executors/pacing.js';
import { localHost } from '../local-host.js';
import { openStore } from '../open-store.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import type { FunctionCatalog, ItemEvent } from '../ports/index.js';
import { LineChannel } from '../process/line-channel.js';
import { killGroup } from '../process/process-group.js';
import { runPod } from '../worker/run-pod.js';
import { servePod } from './pod.js';
import { CHANNEL_FD, type FromWorker, TO_WORKER, type ToWorker } from '../executors/worker-protocol.js';
import { bundleCatalog, type BundleCatalog, CATALOG } from '../worker/bundle-catalog.js';

/** The first word of a worker says in which format it speaks. */
const READY = { format: TO_WORKER.latest, type: 'ready' } as const;

/** Serves pods until the channel closes; in a pod of a cluster, runs that pod and ends the process. */
export async function startWorker(handed: BundleCatalog): Promise<void> {
  try {
    captureOutput();
    const bundle = CATALOG.check(handed, 'worker.mjs');
    const catalog = bundleCatalog(bundle);
    if ((process.env['KT_JOB'] ?? process.env['KT_WARM']) !== undefined) await servePod(catalog, bundle.sums);
    await serveDriver(catalog);
  } catch (error) {
    printAside(messageOf(error));
    process.exit(EXIT_CODE.broken);
  }
}

/**
 * Runs the pods that the driver sends. Ctrl-C does not reach a worker but its driver, who tells: a worker is
 * in a group of its own, which it ends when the driver is gone.
 */
async function serveDriver(catalog: FunctionCatalog): Promise<void> {
  const storeUrl = process.env['KT_WORKER_STORE'];
  if (storeUrl === undefined) {
    throw new KtError({
      code: 'NOT_A_WORKER',
      path: '',
      message:
        'This file is the worker entry of a bundle; it is started by `kt run --executor processes` and by pods.',
    });
  }
  const store = await openStore(storeUrl, { isTried: true });
  const host = localHost({ store, clock: systemClock, catalog });
  let stop = new AbortController();
  let draining = false;
  let serving = 0;
  const channel = LineChannel.join(CHANNEL_FD);
  const send = (message: FromWorker): void => channel.send(JSON.stringify(message));
  /**
   * Events that come together go together; that an item begins is said at once, so that the driver knows what
   * a crash ended.
   */
  let events: ItemEvent[] = [];
  const flush = (): void => {
    if (events.length > 0) send({ type: 'events', events });
    events = [];
  };
  const emit = (event: ItemEvent): void => {
    if (events.push(event) === 1 && event.type !== 'ItemStarted') queueMicrotask(flush);
    if (event.type === 'ItemStarted') flush();
  };
  const serve = async (
    { order, concurrency }: ToWorker & { type: 'pod' },
    signal: AbortSignal,
  ): Promise<FromWorker> => {
    try {
      const { segment: _known, ...outcome } = await runPod(order, {
        ...host,
        ...pacing(concurrency),
        signal,
        returned: item => send({ type: 'returned', item }),
        draining: () => draining,
        emit,
        within: withinLog,
      });
      flush();
      return { type: 'done', outcome };
    } catch (error) {
      return { type: 'broken', message: messageOf(error) };
    }
  };
  channel.listen(text => {
    let message: ToWorker;
    try {
      message = TO_WORKER.parse(text, 'driver');
    } catch (error) {
      send({ type: 'broken', message: messageOf(error) });
      return;
    }
    if (message.type === 'stop') stop.abort(new Error('The run is being stopped.'));
    else if (message.type === 'drain') draining = true;
    else {
      stop = new AbortController();
      serving++;
      void serve(message, stop.signal).then(end => {
        serving--;
        send(end);
        channel.keepAlive(true);
      });
      // Where nothing else goes on while a pod runs, it can never end.
      channel.keepAlive(false);
    }
  });
  channel.onClose(async () => {
    // After what functions want to be done at the end of their process.
    process.once('exit', () => killGroup(process.pid));
    // What functions that have returned still do, and log, has its time here as it has in the process of kt.
    if (serving === 0) await untilQuiet(LINGER_MS);
    process.exit(EXIT_CODE.stopped);
  });
  process.on('beforeExit', () => {
    channel.keepAlive(true);
    send({ type: 'stuck' });
  });
  send({ ...READY });
}
