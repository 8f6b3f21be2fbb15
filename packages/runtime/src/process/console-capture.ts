/** What user code prints goes to the log of the item that prints it, also where many items run at once. */
import { quietly, textOf } from '../parse/stored-value.js';
import { currentScope, type ScopedItem, withinScope } from './item-scope.js';
import { catchStrayFailures } from './stray-failures.js';

const LEVELS = {
  log: 'info',
  info: 'info',
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'debug',
} as const;
/** Of the process, as its console and streams are: whether they are captured. */
let installed = false;

/**
 * Does the work of an item's attempt so that what it prints goes to the item's log, and what it leaves
 * failing fails it, as `ifFailed` says. Outside such work `console` is as it was.
 */
export function withinLog<T>(
  item: ScopedItem,
  work: () => Promise<T>,
  ifFailed: (thrown: unknown) => T,
): Promise<T> {
  if (!installed) {
    captureOutput();
    // Modules that were loaded before may hold the streams already.
    void [process.stdout, process.stderr];
  }
  return withinScope(item, work, ifFailed);
}

/**
 * Gets ready for {@link withinLog}. Called before any of the user's modules is loaded, it makes no stream
 * that nobody asks for.
 */
export function captureOutput(): void {
  installed = true;
  catchStrayFailures();
  for (const [method, level] of Object.entries(LEVELS) as [
    keyof typeof LEVELS,
    (typeof LEVELS)[keyof typeof LEVELS],
  ][]) {
    const original = console[method].bind(console);
    console[method] = (...parts: unknown[]) => {
      const log = currentScope()?.item.log;
      // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
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
  // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
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
    const log = currentScope()?.item.log;
    // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
    if (log === undefined) return original(chunk, ...(rest as []));
    log[level](String(typeof chunk === 'string' ? chunk : Buffer.from(chunk)).replace(/\n$/, ''));
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(done as () => void);
    return true;
  };
  return stream;
}
