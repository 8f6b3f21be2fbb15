/** Does the work of an executor that is in another process, which tells over a channel what is to be done. */
import { messageOf } from '../parse/thrown.js';
import { isFact } from '../core/events.js';
import type { Executor, JobOrder } from '../ports/index.js';
import type { LineChannel } from '../process/line-channel.js';
import { FROM_EXECUTOR, type FromExecutor, TO_EXECUTOR, type ToExecutor } from './remote-protocol.js';
import type { PodOrder } from '../worker/run-pod.js';

/** Attempts that ended with the process that made them. */
export type Crashed = PodOrder['crashed'];

/** An executor that can be told what went down with the process before it. */
export interface Served extends Executor {
  submit(order: JobOrder, crashed?: Crashed): Promise<void>;
}

/** Serves until the other end is gone, and then stops what runs. */
export async function serveExecutor(channel: LineChannel, executor: Served): Promise<void> {
  const send = (message: FromExecutor): void => channel.send(FROM_EXECUTOR.text(message));
  const fail = (error: unknown): void => send({ type: 'failed', message: messageOf(error) });
  const gone = new AbortController();
  channel.onClose(() => gone.abort());
  const act = async (message: ToExecutor): Promise<void> => {
    if (message.type === 'hello') return send({ type: 'ready' });
    if (message.type === 'submit') return executor.submit(message.order, message.crashed);
    await (message.type === 'cancel' ? executor.cancel(message.job) : executor.drain());
    send({ type: 'ended', id: message.id });
  };
  channel.listen(text => {
    try {
      act(TO_EXECUTOR.parse(text, 'controller')).catch(fail);
    } catch (error) {
      fail(error);
    }
  });
  try {
    for await (const entries of executor.observe(gone.signal)) {
      const facts = entries.filter(isFact);
      const events = entries.filter(entry => !isFact(entry));
      if (events.length > 0) send({ type: 'events', events });
      if (facts.length > 0) send({ type: 'facts', facts });
    }
  } catch (error) {
    fail(error);
  }
  if (!gone.signal.aborted)
    await new Promise(resolve => gone.signal.addEventListener('abort', resolve, { once: true }));
  await executor[Symbol.asyncDispose]();
}
