/** Calls for many values, some at a time. */
const AT_ONCE = 32;

/** Calls a function for each value, some at a time, and gives the results in order. */
export async function inBatches<T, R>(values: readonly T[], call: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < values.length; at += AT_ONCE)
    for (const result of await Promise.all(values.slice(at, at + AT_ONCE).map(call))) results.push(result);
  return results;
}
