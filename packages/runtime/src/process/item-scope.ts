/**
 * Which item code runs for, also where many items run at once: what it prints goes to that item's log, and
 * what it leaves failing fails that item.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { KtContext } from '@kube-transform/sdk';

/** An item, as far as this process must know it. */
export type ScopedItem = Pick<KtContext, 'job' | 'index' | 'log'>;

/** One attempt. */
export interface Scope {
  readonly item: ScopedItem;
  /** Fails the attempt, unless it is over. */
  fail(thrown: unknown): void;
}

/** Of the process, as its console is: whom code runs for, and which attempts are under way. */
const current = new AsyncLocalStorage<Scope>();
const underWay = new Set<Scope>();

/** The attempt that the code asking runs for; undefined outside of any. */
export const currentScope = (): Scope | undefined => current.getStore();

/** The item that the code asking runs for; undefined outside of any. */
export const itemAtWork = (): ScopedItem | undefined => currentScope()?.item;

/** Attempts that are under way. */
export const scopesUnderWay = (): ReadonlySet<Scope> => underWay;

/** Does an attempt's work; `ifFailed` says what comes of it where it fails by what nobody waits for. */
export function withinScope<T>(
  item: ScopedItem,
  work: () => Promise<T>,
  ifFailed: (thrown: unknown) => T,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const scope: Scope = {
      item,
      fail: thrown => {
        if (underWay.delete(scope)) resolve(ifFailed(thrown));
      },
    };
    underWay.add(scope);
    current.run(scope, work).then(
      value => {
        underWay.delete(scope);
        resolve(value);
      },
      (error: unknown) => {
        underWay.delete(scope);
        reject(error);
      },
    );
  });
}
