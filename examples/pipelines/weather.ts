/** Sums up four years of Seattle's weather, with retries, items that may fail, and skipping what is done. */
import { ktFunction, PermanentError, pipeline, type Ref } from '@kube-transform/sdk';
import * as z from 'zod';

const Params = z.object({
  file: z
    .string()
    .default('node_modules/vega-datasets/data/seattle-weather.csv')
    .describe('CSV file with a line for each day'),
  out: z.string().default('out/weather').describe('Directory for one JSON file a month'),
  bad: z.array(z.string()).default(['2013-02', '2015-07']).describe('Months to reject, such as 2013-02'),
});
const Partition = z.object({ month: z.string(), output: z.string() });
const Month = z.object({
  month: z.string(),
  days: z.number(),
  rain: z.number(),
  hottest: z.number(),
  coldest: z.number(),
});
type Month = z.infer<typeof Month>;

interface Day {
  date: string;
  rain: number;
  max: number;
  min: number;
}

function parseDays(csv: string): Day[] {
  const [, ...lines] = csv.trim().split(/\r?\n/);
  return lines.map(line => {
    const [date = '', rain, max, min] = line.split(',');
    return { date, rain: Number(rain), max: Number(max), min: Number(min) };
  });
}

/** Lists the months of the file, each with the path of the file that is to be made for it. */
export const listMonths = ktFunction(
  { input: Params.pick({ file: true, out: true }) },
  async ({ file, out }, { files }) => {
    const months = new Set(parseDays(await files.readText(file)).map(({ date }) => date.slice(0, 7)));
    return [...months].sort().map(month => ({ month, output: files.join(out, `${month}.json`) }));
  },
);

/** Sums up one month; each January fails at the first attempt, and a rejected month at every one. */
export const sumUpMonth = ktFunction(
  {
    input: Partition.extend({ file: z.string(), bad: z.array(z.string()) }),
    retries: 2,
    backoff: { initial: '100ms' },
  },
  async ({ month, output, file, bad }, { files, attempt, log }): Promise<Month> => {
    if (bad.includes(month))
      throw new PermanentError(
        `${month} is on the list of bad months; take it off "bad" to have it summed up.`,
      );
    if (attempt === 1 && month.endsWith('-01')) throw new Error(`${month} cannot be read just now.`);
    const days = parseDays(await files.readText(file)).filter(({ date }) => date.startsWith(month));
    const summary = {
      month,
      days: days.length,
      rain: Number(days.reduce((sum, { rain }) => sum + rain, 0).toFixed(1)),
      hottest: Math.max(...days.map(({ max }) => max)),
      coldest: Math.min(...days.map(({ min }) => min)),
    };
    await files.writeJson(output, summary);
    log.info('summed up', summary);
    return summary;
  },
);

/** Reads the files of all months, whichever run made them, and says which are missing. */
export const report = ktFunction(
  { input: z.object({ months: z.array(Partition) }) },
  async ({ months }, { files }) => {
    const found: Month[] = [];
    const missing: string[] = [];
    for (const { month, output } of months) {
      if (await files.exists(output)) found.push(Month.parse(await files.readJson(output)));
      else missing.push(month);
    }
    const top = (value: (month: Month) => number): string | null =>
      found.toSorted((a, b) => value(b) - value(a))[0]?.month ?? null;
    const days = found.reduce((sum, month) => sum + month.days, 0);
    return {
      months: found.length,
      missing,
      days,
      wettest: top(m => m.rain),
      hottest: top(m => m.hottest),
      coldest: top(m => -m.coldest),
    };
  },
);

export default pipeline('weather', { params: Params })
  .job('months', listMonths, ({ params }) => ({ file: params.file, out: params.out }))
  .map(
    'summaries',
    sumUpMonth,
    ({ params, months }) =>
      months.each(({ month, output }) => ({ month, output, file: params.file, bad: params.bad })),
    {
      maxFailed: '20%',
      outputs: (item: Ref<z.infer<typeof Partition>>) => [item.output],
    },
  )
  .job('report', report, ({ months }) => ({ months }), { after: ['summaries'] });
