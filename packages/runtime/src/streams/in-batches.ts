/** Calls for many values, some at a time. */
const AT_ONCE = 32;
/** What calls bring together, as far as those before tell. */
const BATCH_BYTES = 2 ** 23;

/**
 * Calls a function for each value, some at a time, and gives the results in order.
 *
 * @param bytesOf how much a result took to be read: where that is much, fewer are called for together.
 */
export async function inBatches<T, R>(
  values: readonly T[],
  call: (value: T) => Promise<R>,
  bytesOf?: (result: R) => number,
): Promise<R[]> {
  const results: R[] = [];
  let atOnce = bytesOf === undefined ? AT_ONCE : 1;
  for (let at = 0; at < values.length;) {
    const batch = await Promise.all(values.slice(at, at + atOnce).map(call));
    at += batch.length;
    let most = 0;
    for (const result of batch) {
      most = Math.max(most, bytesOf?.(result) ?? 0);
      results.push(result);
    }
    atOnce = Math.max(1, Math.min(AT_ONCE, 2 * atOnce, Math.floor(BATCH_BYTES / Math.max(1, most))));
  }
  return results;
}
