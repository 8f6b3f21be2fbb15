import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeByTime } from './merge-by-time.js';

interface Line {
  atMs: number;
  log: number;
  n: number;
}

async function* of(lines: readonly Line[]): AsyncGenerator<Line, void> {
  yield* lines;
}

test('any logs are merged into one that is in order, and within a moment as the logs are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 }), { maxLength: 9 }),
      async times => {
        const logs = times.map((log, i) =>
          [...log].sort((a, b) => a - b).map((atMs, n): Line => ({ atMs, log: i, n })),
        );
        const merged: Line[] = [];
        for await (const line of mergeByTime(logs.map(of), ({ atMs }) => atMs)) merged.push(line);
        expect(merged).toEqual(logs.flat().sort((a, b) => a.atMs - b.atMs || a.log - b.log || a.n - b.n));
      },
    ),
    { numRuns: 200 },
  );
});
