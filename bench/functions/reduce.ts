/** Functions of the reduce bench: large results, and what the process needs that is given them all. */
import { ktFunction } from '@kube-transform/sdk';

const MIB = 2 ** 20;
const ROW_BYTES = 60;

export const text = ktFunction(({ n, bytes }: { n: number; bytes: number }) =>
  String.fromCharCode(97 + (n % 26)).repeat(bytes),
);
export const rows = ktFunction(({ n, bytes }: { n: number; bytes: number }) =>
  Array.from({ length: bytes / ROW_BYTES }, (_, i) => ({ id: n + i, name: `row ${i}`, on: true, at: i / 7 })),
);

/** The most memory of its process so far, and what the results take of it. */
export const peak = ktFunction(({ all }: { all: unknown[] }) => {
  const peakMiB = process.resourceUsage().maxRSS / 2 ** 10;
  const { length } = all;
  const withThem = heldBytes();
  all.length = 0;
  return { length, peakMiB, resultsMiB: (withThem - heldBytes()) / MIB };
});

function heldBytes(): number {
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  const collect: unknown = process.getBuiltinModule('node:vm').runInNewContext('gc');
  if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}
