/*
 * What fails without anybody waiting for it: a rejection that no `await` sees, a timer that throws.
 *
 * SF1 It fails the attempt that it comes from, and where nobody can tell which, each attempt under way. Where
 *     none is, the process ends with a sentence.
 * - What comes of an attempt that is over fails nothing: it is in the item's log, and said on standard error.
 */
import { messageOf, threw } from '../parse/thrown.js';
import { currentScope, type Scope, scopesUnderWay } from './item-scope.js';
import { printAside } from './standard-output.js';

/** Hears of what fails so, in this process, from now on. */
export function catchStrayFailures(): void {
  process.on('uncaughtException', (thrown, origin) => {
    // Rejections come on their own, with what they were rejected with.
    if (origin !== 'unhandledRejection') charge(thrown, 'uncaughtException');
  });
  process.on('unhandledRejection', thrown => charge(thrown, 'unhandledRejection'));
}

function charge(thrown: unknown, event: 'uncaughtException' | 'unhandledRejection'): void {
  const scope = currentScope();
  const underWay = scopesUnderWay();
  if (scope !== undefined) {
    if (underWay.has(scope)) scope.fail(thrown);
    else tellLate(scope, thrown);
  } else if (underWay.size > 0) for (const other of [...underWay]) other.fail(thrown);
  // Somebody else in this process sees to it: a test runner, a server that this is part of.
  else if (process.listenerCount(event) === 1) endProcess(thrown);
}

function tellLate({ item }: Scope, thrown: unknown): void {
  const message = `after the function had returned, something that it left behind failed: ${messageOf(thrown)}`;
  item.log.error(message, { error: thrown });
  printAside(`warning  ${item.job}[${item.index}]: ${message}`);
}

function endProcess(thrown: unknown): never {
  const { name, message, stack = `${name}: ${message}` } = threw(thrown);
  printAside(`error STRAY_FAILURE  Something failed that no item waits for.\n\n${stack}`);
  // eslint-disable-next-line no-restricted-syntax -- Node itself ends the process here, with a page of source.
  process.exit(1);
}
