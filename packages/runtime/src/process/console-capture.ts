/** What user code prints goes to the log of the item that prints it, also where many items run at once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { KtContext } from '@kube-transform/sdk';
import { quietly, textOf } from '../parse/stored-value.js';

/** What is known of an item that prints. */
type Printing = Pick<KtContext, 'log' | 'job' | 'index'>;

const LEVELS = {
  log: 'info',
  info: 'info',
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'debug',
} as const;
/** Of the process, as its console and streams are: which item prints, and whether they are captured. */
const current = new AsyncLocalStorage<Printing>();
let installed = false;

/** Runs work so that its `console` writes to a log. Outside such work `console` is as it was. */
export function withinLog<T>(item: Printing, work: () => Promise<T>): Promise<T> {
  if (!installed) {
    captureOutput();
    // Modules that were loaded before may hold the streams already.
    void [process.stdout, process.stderr];
  }
  return current.run(item, work);
}

/** The item whose function has called this; undefined outside {@link withinLog}. */
export const itemAtWork = (): Printing | undefined => current.getStore();

/**
 * Gets ready for {@link withinLog}. Called before any of the user's modules is loaded, it makes no stream
 * that nobody asks for.
 */
export function captureOutput(): void {
  installed = true;
  for (const [method, level] of Object.entries(LEVELS) as [
    keyof typeof LEVELS,
    (typeof LEVELS)[keyof typeof LEVELS],
  ][]) {
    const original = console[method].bind(console);
    console[method] = (...parts: unknown[]) => {
      const log = current.getStore()?.log;
      if (log === undefined) original(...parts);
      else log[level](formatted(parts));
    };
  }
  capture('stdout', 'info');
  capture('stderr', 'warn');
}

/** As the console formats it; what does not let itself be formatted fails nobody. */
function formatted(parts: unknown[]): string {
  // Loaded when something is printed: a worker's start is not slowed.
  const { format } = process.getBuiltinModule('node:util');
  return quietly(() => format(...parts)) ?? parts.map(part => textOf(part)).join(' ');
}

/** A stream is made when somebody first asks for it, as without us: a worker's start is not slowed. */
function capture(name: 'stdout' | 'stderr', level: 'info' | 'warn'): void {
  const was = Object.getOwnPropertyDescriptor(process, name) ?? { value: process[name] };
  let stream: NodeJS.WriteStream | undefined;
  const get = (): NodeJS.WriteStream =>
    (stream ??= captured((was.get?.call(process) ?? was.value) as NodeJS.WriteStream, level));
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
}

function captured(stream: NodeJS.WriteStream, level: 'info' | 'warn'): NodeJS.WriteStream {
  const original = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    const log = current.getStore()?.log;
    if (log === undefined) return original(chunk, ...(rest as []));
    log[level](String(typeof chunk === 'string' ? chunk : Buffer.from(chunk)).replace(/\n$/, ''));
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(done as () => void);
    return true;
  };
  return stream;
}
