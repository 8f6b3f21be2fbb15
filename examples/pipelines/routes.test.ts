import { readParquet, writeParquet } from '@kube-transform/formats';
import { ktFiles } from '@kube-transform/runtime';
import { memoryFileStore, testRun } from '@kube-transform/runtime/testing';
import { expect, test } from 'vitest';
import routes from './routes.js';

const ROWS = Array.from({ length: 2000 }, (_, n) =>
  n % 4 === 0
    ? { origin: 'B', destination: 'A', delay: 20, note: 'x'.repeat(20) }
    : { origin: n % 400 === 1 ? 'C' : 'A', destination: 'B', delay: 5, note: 'y'.repeat(20) },
);

test('routes are counted range by range, and written as Parquet', async () => {
  const store = memoryFileStore();
  const files = ktFiles(store);
  await writeParquet(files, 'in/flights.parquet', ROWS, { rowGroupRows: 200 });
  const params = { file: 'in/flights.parquet', size: '400', minFlights: 10 };
  const run = await testRun(routes, { store, params });
  expect(run.statuses).toEqual({ plan: 'Completed', parts: 'Completed', report: 'Completed' });
  expect(run.result('plan').length).toBeGreaterThan(5);
  expect(run.result('report')).toEqual({
    file: 'out/routes/routes.parquet',
    routes: 2,
    worst: { route: 'B-A', flights: 500, minutes: 10_000, mean: 20 },
  });
  const rows: unknown[] = [];
  for await (const { route, flights, mean } of readParquet(files, 'out/routes/routes.parquet'))
    rows.push([route, flights, mean]);
  expect(rows).toEqual([
    ['B-A', 500, 20],
    ['A-B', 1495, 5],
  ]);
});
