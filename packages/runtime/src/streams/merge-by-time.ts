/** Merges logs that are each in the order of time into one that is; holds one line of each at a time. */
import { inBatches } from './in-batches.js';

/** A line with its log behind it. */
interface Head<T> {
  line: T;
  rest: AsyncIterator<T>;
}

/** The lines of all logs by time; those of the same moment in the order of the logs. */
export async function* mergeByTime<T>(
  logs: readonly AsyncIterator<T>[],
  timeOf: (line: T) => number,
): AsyncGenerator<T, void> {
  const heap: (Head<T> & { log: number })[] = [];
  const before = (a: number, b: number): boolean => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return false;
    return timeOf(x.line) < timeOf(y.line) || (timeOf(x.line) === timeOf(y.line) && x.log < y.log);
  };
  const swap = (a: number, b: number): void => {
    const [x, y] = [heap[a], heap[b]];
    if (x !== undefined && y !== undefined) [heap[a], heap[b]] = [y, x];
  };
  const sink = (from: number): void => {
    for (let i = from; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (before(child, least)) least = child;
      if (least === i) return;
      swap(i, least);
      i = least;
    }
  };
  const firsts = await inBatches(logs, log => log.next());
  for (const [log, first] of firsts.entries()) {
    const rest = logs[log];
    if (first.done !== true && rest !== undefined) heap.push({ line: first.value, rest, log });
  }
  for (let i = heap.length >> 1; i >= 0; i--) sink(i);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.line;
    const next = await top.rest.next();
    if (next.done !== true) top.line = next.value;
    else {
      swap(0, heap.length - 1);
      heap.pop();
    }
    sink(0);
  }
}
