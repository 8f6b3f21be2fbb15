/** What user code prints goes to the log of the item that prints it, also where many items run at once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { KtLog } from '@kube-transform/sdk';

const LEVELS = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error', trace: 'debug' } as const;
const current = new AsyncLocalStorage<{ readonly log: KtLog }>();
let installed = false;

/** Runs work so that its `console` writes to a log. Outside such work `console` is as it was. */
export function withinLog<T>(item: { readonly log: KtLog }, work: () => Promise<T>): Promise<T> {
  if (!installed) install();
  return current.run(item, work);
}

function install(): void {
  installed = true;
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, (typeof LEVELS)[keyof typeof LEVELS]][]) {
    const original = console[method].bind(console);
    console[method] = (...parts: unknown[]) => {
      const log = current.getStore()?.log;
      if (log === undefined) original(...parts);
      // Loaded when something is printed: a worker's start is not slowed.
      else log[level](process.getBuiltinModule('node:util').format(...parts));
    };
  }
  for (const [stream, level] of [
    [process.stdout, 'info'],
    [process.stderr, 'warn'],
  ] as const) {
    const original = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array, ...rest: []) => {
      const log = current.getStore()?.log;
      if (log === undefined) return original(chunk, ...rest);
      log[level](String(typeof chunk === 'string' ? chunk : Buffer.from(chunk)).replace(/\n$/, ''));
      return true;
    };
  }
}
