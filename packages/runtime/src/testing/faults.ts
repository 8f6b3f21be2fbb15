/** Faults to be injected in tests, in the words of what goes wrong. */
import type { FailureCause } from '@kube-transform/sdk';

/**
 * What shall go wrong in a test run: an item's attempt, or the driver itself.
 *
 * @example
 * ```ts
 * const faults: Fault[] = [
 *   { kind: 'throw', step: 'load', item: 2, attempt: 'all' },
 *   { kind: 'crashDriver', afterFacts: 3 },
 * ];
 * ```
 */
export type Fault<Names extends string = string> =
  | {
      /** What happens to the attempt, instead of a call of the function; an eviction costs no attempt. */
      kind: 'throw' | 'timeout' | 'outOfMemory' | 'evict';
      /** Name of the step. */
      step: Names;
      /** Default: every item. */
      item?: number;
      /** Which attempts, from 1. Default: the first. `'all'`: each one. */
      attempt?: number | 'all';
      /** Message of the cause. Default `injected: <kind>`. */
      message?: string;
    }
  | {
      /** The driver dies, and a new one takes over. */
      kind: 'crashDriver';
      /** Facts that are stored by then, from 1. */
      afterFacts: number;
    };

/**
 * The failure that the faults hold for an attempt. Evictions cost no attempt, so each is had once an item.
 */
export function faultFor(
  faults: readonly Fault[],
): (job: string, item: number, attempt: number) => FailureCause | undefined {
  const evicted = new Set<string>();
  return (job, item, attempt) => {
    for (const [index, fault] of faults.entries()) {
      if (
        fault.kind === 'crashDriver' ||
        fault.step !== job ||
        (fault.item !== undefined && fault.item !== item)
      )
        continue;
      if (fault.attempt !== 'all' && (fault.attempt ?? 1) !== attempt) continue;
      const key = `${index}/${item}`;
      if (fault.kind === 'evict') {
        if (evicted.has(key)) continue;
        evicted.add(key);
      }
      return causeOf(fault.kind, fault.message ?? `injected: ${fault.kind}`);
    }
    return undefined;
  };
}

function causeOf(kind: 'throw' | 'timeout' | 'outOfMemory' | 'evict', message: string): FailureCause {
  switch (kind) {
    case 'throw':
      return { kind: 'Threw', name: 'Error', message };
    case 'timeout':
      return { kind: 'DeadlineExceeded', message, timeoutMs: 0 };
    case 'outOfMemory':
      return { kind: 'OutOfMemory', message, memory: 'injected' };
    case 'evict':
      return { kind: 'Evicted', message };
  }
}
