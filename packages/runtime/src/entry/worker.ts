/**
 * A worker process: runs pods that its driver sends over the channel, or, in a cluster, the pod that it is.
 */
import { KtError } from '@kube-transform/sdk';
import { captureOutput, withinLog } from '../process/console-capture.js';
import { messageOf } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { pacing } from '../executors/pacing.js';
import { localHost } from '../local-host.js';
import { openStore } from '../open-store.js';
import type { ItemEvent } from '../ports/index.js';
import { runPod } from '../worker/run-pod.js';
import { servePod } from './pod.js';
import { type FromWorker, TO_WORKER, type ToWorker } from '../executors/worker-protocol.js';
import { bundleCatalog, type BundleCatalog, CATALOG } from '../worker/bundle-catalog.js';

/** The first word of a worker says in which format it speaks. */
const READY = { format: TO_WORKER.latest, type: 'ready' } as const;

/** Serves pods until the channel closes; in a pod of a cluster, runs that pod and ends the process. */
export async function startWorker(handed: BundleCatalog): Promise<void> {
  captureOutput();
  const catalog = CATALOG.check(handed, 'worker.mjs');
  if (process.env['KT_JOB'] !== undefined) await servePod(bundleCatalog(catalog));
  const send = (message: FromWorker): void => void process.send?.(message);
  const url = process.env['KT_WORKER_STORE'];
  if (process.send === undefined || url === undefined) {
    throw new KtError({
      code: 'NOT_A_WORKER',
      path: '',
      message:
        'This file is the worker entry of a bundle; it is started by `kt run --executor processes` and by pods.',
    });
  }
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  const store = await openStore(url);
  const host = localHost({ store, clock: systemClock, catalog: bundleCatalog(catalog) });
  let stop = new AbortController();
  let draining = false;
  process.on('message', (said: unknown) => {
    let message: ToWorker;
    try {
      message = TO_WORKER.check(said, 'driver');
    } catch (error) {
      send({ type: 'broken', message: (error as Error).message });
      return;
    }
    if (message.type === 'stop') stop.abort(new Error('The run is being stopped.'));
    else if (message.type === 'drain') draining = true;
    else {
      stop = new AbortController();
      void serve(message, stop.signal).then(send);
    }
  });
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
      const outcome = await runPod(order, {
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
  send({ ...READY });
}
