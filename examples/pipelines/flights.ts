/** Counts the delays of three million flights: which airports and hours of the day are the latest? */
import { type FileSplit, splits } from '@kube-transform/formats';
import { type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
import { parseAirports } from './flights/airports.js';
import { drawChart } from './flights/chart.js';
import { countDelays, type DelayTable, mergeTables } from './flights/count-delays.js';
import { readColumns } from './flights/parquet.js';
import { type AirportFigures, type HourFigures, summarize, toCsv, worst } from './flights/summary.js';

const Params = z.object({
  file: z
    .string()
    .default('node_modules/vega-datasets/data/flights-3m.parquet')
    .describe('Parquet file with the columns date, delay and origin'),
  airports: z
    .string()
    .default('node_modules/vega-datasets/data/airports.csv')
    .describe('CSV file with the names of the airports'),
  out: z.string().default('out/flights').describe('Directory for delays.csv, delays.json and delays.svg'),
  minFlights: z
    .number()
    .int()
    .min(1)
    .default(5000)
    .describe('Airports and hours with fewer flights are not ranked'),
});

/** Three parts of each row group: more keep more cores busy, but each unpacks the pages it begins in. */
const SPLIT_BYTES = 420_000;

const PlanInput = z.object({ file: z.string() });
const Split = z.object({
  format: z.literal('parquet'),
  path: z.string(),
  start: z.number(),
  end: z.number(),
});
interface ReportInput extends Omit<z.infer<typeof Params>, 'file'> {
  tables: DelayTable[];
}
/** What a run comes to. */
export interface Headline {
  flights: number;
  airports: number;
  meanDelay: number;
  worstAirport: Omit<AirportFigures, 'hours'> | null;
  worstHour: HourFigures | null;
  report: string;
}

/** The functions of the pipeline. */
export class Flights {
  /** Reads the footer of the file and cuts it into row ranges. */
  @ktFunction({ input: PlanInput })
  static async plan({ file }: z.infer<typeof PlanInput>, { files, log }: KtContext): Promise<FileSplit[]> {
    const ranges = await splits(files, file, { size: SPLIT_BYTES, format: 'parquet' });
    log.info('planned', { ranges: ranges.length, rows: ranges.at(-1)?.end ?? 0 });
    return ranges;
  }

  /** Counts the flights of one row range by airport and hour. */
  @ktFunction({ input: Split, retries: 2 })
  static async delays(range: z.infer<typeof Split>, { files }: KtContext): Promise<DelayTable> {
    return countDelays(await readColumns(files, range));
  }

  /** Adds up, names the airports, writes the report. */
  @ktFunction()
  static async report(
    { tables, airports, out, minFlights }: ReportInput,
    { files, log }: KtContext,
  ): Promise<Headline> {
    const summary = summarize(mergeTables(tables), parseAirports(await files.readText(airports)));
    const report = files.join(out, 'delays.svg');
    await files.write(files.join(out, 'delays.csv'), toCsv(summary));
    await files.writeJson(files.join(out, 'delays.json'), summary);
    await files.write(report, drawChart(summary));
    log.info('written', { report });
    const airport = worst(summary.airports, minFlights);
    return {
      flights: summary.flights,
      airports: summary.airports.length,
      meanDelay: summary.meanDelay,
      worstAirport: airport === null ? null : withoutHours(airport),
      worstHour: worst(summary.hours, minFlights),
      report,
    };
  }
}

function withoutHours({ hours: _hours, ...rest }: AirportFigures): Omit<AirportFigures, 'hours'> {
  return rest;
}

export default pipeline('flights', { params: Params })
  .job('plan', Flights.plan, ({ params }) => ({ file: params.file }))
  .map('delays', Flights.delays, ({ plan }) =>
    plan.each(({ path, start, end }) => ({ format: 'parquet' as const, path, start, end })),
  )
  .job('report', Flights.report, ({ params, delays }) => ({
    tables: delays,
    airports: params.airports,
    out: params.out,
    minFlights: params.minFlights,
  }));
