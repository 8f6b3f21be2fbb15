import { readFile } from 'node:fs/promises';
import { testRun, type TestRunOf } from '@kube-transform/runtime/testing';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { beforeAll, describe, expect, test } from 'vitest';
import flights from './flights.js';
import { parseLine } from './flights/airports.js';
import type { Summary } from './flights/summary.js';

const PARQUET = 'node_modules/vega-datasets/data/flights-3m.parquet';
const AIRPORTS = 'node_modules/vega-datasets/data/airports.csv';
const fromRoot = (path: string): Promise<Buffer> => readFile(new URL(`../../${path}`, import.meta.url));

/** Flights, minutes and late flights by key, counted row by row. */
async function countPlainly(bytes: Uint8Array): Promise<Map<string, [number, number, number]>> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const counts = new Map<string, [number, number, number]>();
  const rowsAtOnce = 250_000;
  for (let rowStart = 0; ; rowStart += rowsAtOnce) {
    const rows = await parquetReadObjects({
      file,
      compressors,
      columns: ['date', 'delay', 'origin'],
      rowStart,
      rowEnd: rowStart + rowsAtOnce,
    });
    if (rows.length === 0) return counts;
    for (const { date, delay, origin } of rows as { date: Date; delay: bigint; origin: string }[]) {
      for (const key of ['all', origin, `${date.getUTCHours()}`, `${origin} ${date.getUTCHours()}`]) {
        const [n, minutes, late] = counts.get(key) ?? [0, 0, 0];
        counts.set(key, [n + 1, minutes + Number(delay), late + (delay > 15n ? 1 : 0)]);
      }
    }
  }
}

describe('three million flights', () => {
  let parquet: Buffer;
  let run: TestRunOf<typeof flights>;
  let summary: Summary;
  beforeAll(async () => {
    parquet = await fromRoot(PARQUET);
    run = await testRun(flights, { files: { [PARQUET]: parquet, [AIRPORTS]: await fromRoot(AIRPORTS) } });
    if (run.status === 'Completed') summary = await run.files.readJson<Summary>('out/flights/delays.json');
  }, 120_000);

  test('are counted by a run that completes, one item for each row range', () => {
    expect(run.statuses).toEqual({ plan: 'Completed', delays: 'Completed', report: 'Completed' });
    expect(run.result('plan')).toHaveLength(33);
    expect(run.result('delays')).toHaveLength(33);
  });

  test('give the headline', () => {
    const headline = run.result('report');
    expect(headline).toMatchObject({
      flights: 3_000_000,
      airports: 229,
      meanDelay: 6.67,
      report: 'out/flights/delays.svg',
    });
    expect(headline.worstAirport).toMatchObject({ iata: 'JFK', city: 'New York', meanDelay: 12.31 });
    expect(headline.worstHour).toMatchObject({ hour: 0, meanDelay: 43.67 });
  });

  test('give what a plain count of all rows gives', async () => {
    const said = new Map<string, [number, number, number]>();
    const say = (key: string, of: { flights: number; delayMinutes: number; late: number }): void =>
      void said.set(key, [of.flights, of.delayMinutes, of.late]);
    say('all', summary);
    for (const hour of summary.hours) say(`${hour.hour}`, hour);
    for (const airport of summary.airports) {
      say(airport.iata, airport);
      for (const hour of airport.hours) say(`${airport.iata} ${hour.hour}`, hour);
    }
    expect(said).toEqual(await countPlainly(parquet));
  }, 120_000);

  test('give a line of CSV for each airport and hour', async () => {
    const [header = '', ...lines] = (await run.files.readText('out/flights/delays.csv'))
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(summary.airports.reduce((sum, { hours }) => sum + hours.length, 0));
    const records = lines.map(line =>
      Object.fromEntries(parseLine(line).map((value, i) => [header.split(',')[i], value])),
    );
    expect(records.reduce((sum, { flights: count }) => sum + Number(count), 0)).toBe(3_000_000);
    expect(records.find(({ iata }) => iata === 'BTR')).toMatchObject({
      name: 'Baton Rouge Metropolitan, Ryan',
      state: 'LA',
    });
  });

  test('give a chart of the busiest airports', async () => {
    const svg = await run.files.readText('out/flights/delays.svg');
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(svg).toContain('Chicago  ORD');
    expect(svg).not.toMatch(/NaN|undefined|null/);
  });
});

test('a file that is no Parquet file fails the plan and skips the rest', async () => {
  const run = await testRun(flights, {
    params: { file: 'a.parquet' },
    files: { 'a.parquet': 'no parquet at all' },
  });
  expect(run.statuses).toEqual({
    plan: 'Failed',
    delays: 'SkippedDueToUpstreamFailure',
    report: 'SkippedDueToUpstreamFailure',
  });
});
