import { readFile } from 'node:fs/promises';
import { testRun } from '@kube-transform/runtime/testing';
import { describe, expect, test } from 'vitest';
import weather from './weather.js';

const CSV = 'node_modules/vega-datasets/data/seattle-weather.csv';
const files = { [CSV]: await readFile(new URL(`../../${CSV}`, import.meta.url)) };
const MONTHS = [2012, 2013, 2014, 2015].flatMap(year =>
  Array.from({ length: 12 }, (_, i) => `${year}-${`${i + 1}`.padStart(2, '0')}`),
);
const at = (month: string): number => MONTHS.indexOf(month);

describe('the weather', () => {
  test('is summed up month by month, two bad months being allowed', async () => {
    const run = await testRun(weather, { files });
    expect(run.statuses).toEqual({ months: 'Completed', summaries: 'Completed', report: 'Completed' });
    expect(run.result('report')).toEqual({
      months: 46,
      missing: ['2013-02', '2015-07'],
      days: 4 * 365 + 1 - 28 - 31,
      wettest: '2015-12',
      hottest: '2014-08',
      coldest: '2013-12',
    });
    const summaries = run.result('summaries');
    expect(summaries.map(summary => summary?.month ?? null)).toEqual(
      MONTHS.map(month => (['2013-02', '2015-07'].includes(month) ? null : month)),
    );
  });

  test('is tried again where it could not be read, and not where it is bad', async () => {
    const run = await testRun(weather, { files });
    expect(run.attempts('summaries', at('2012-01'))).toBe(2);
    expect(run.attempts('summaries', at('2012-02'))).toBe(1);
    expect(run.attempts('summaries', at('2013-02'))).toBe(1);
  });

  test('is not summed up again where its file exists', async () => {
    const first = await testRun(weather, { files });
    const second = await testRun(weather, { store: first.store, params: { bad: [] } });
    expect(second.result('report')).toMatchObject({ months: 48, missing: [] });
    const worked = second.events.flatMap(event =>
      event.type === 'ItemSucceeded' && event.job === 'summaries' && !event.skipped ? [event.item] : [],
    );
    expect(worked.sort((a, b) => a - b)).toEqual([at('2013-02'), at('2015-07')]);
  });

  test('fails where more than a fifth of the months are bad', async () => {
    const run = await testRun(weather, { files, params: { bad: MONTHS.slice(0, 12) } });
    expect(run.statuses).toEqual({
      months: 'Completed',
      summaries: 'Failed',
      report: 'SkippedDueToUpstreamFailure',
    });
    expect(JSON.stringify(run.cause('summaries'))).toContain('2012-01 is on the list of bad months');
  });
});
