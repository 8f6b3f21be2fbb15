/** Which routes are late? Reads Parquet by ranges wherever it lies, and writes Parquet. */
import { readParquet, splits, writeParquet } from '@kube-transform/formats';
import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';

const Params = z.object({
  file: z
    .string()
    .default('node_modules/vega-datasets/data/flights-3m.parquet')
    .describe('Parquet file with the columns origin, destination and delay'),
  out: z.string().default('out/routes').describe('Directory for the parts and for routes.parquet'),
  size: z.string().default('1MiB').describe('About so many bytes of the file for each item'),
  minFlights: z.number().int().min(1).default(100).describe('Routes with fewer flights are left out'),
});
const Split = z.object({ path: z.string(), start: z.number(), end: z.number() });
const Row = z.object({ origin: z.string(), destination: z.string(), delay: z.coerce.number() });
const Route = z.object({
  route: z.string(),
  flights: z.coerce.number(),
  minutes: z.coerce.number(),
});
type Route = z.infer<typeof Route>;

/** Reads the footer of the file, and nothing else of it. */
export const plan = ktFunction(
  { input: Params.pick({ file: true, size: true }) },
  ({ file, size }, { files }) => splits(files, file, { size, format: 'parquet' }),
);

/** Adds up the flights of one range of rows: of three columns only the pages are fetched that hold it. */
export const addUp = ktFunction(
  { input: Split.extend({ out: z.string() }), retries: 2 },
  async ({ path, start, end, out }, { files }) => {
    const routes = new Routes();
    const split = { format: 'parquet' as const, path, start, end };
    const columns = ['origin', 'destination', 'delay'];
    for await (const { origin, destination, delay } of readParquet(files, path, {
      split,
      columns,
      schema: Row,
    }))
      routes.add({ route: `${origin}-${destination}`, flights: 1, minutes: delay });
    const part = files.join(out, 'parts', `${start}-${end}.parquet`);
    await writeParquet(files, part, routes.all, { columns: COLUMNS });
    return part;
  },
);

/** Puts the parts together, the latest routes first. */
export const report = ktFunction(
  { input: Params.pick({ out: true, minFlights: true }).extend({ parts: z.array(z.string()) }) },
  async ({ out, minFlights, parts }, { files }) => {
    const routes = new Routes();
    for (const part of parts)
      for await (const row of readParquet(files, part, { schema: Route })) routes.add(row);
    const meanOf = ({ minutes, flights }: Route): number => Number((minutes / flights).toFixed(2));
    const rows = routes.all
      .filter(({ flights }) => flights >= minFlights)
      .map(row => ({ ...row, mean: meanOf(row) }))
      .sort((a, b) => b.mean - a.mean || (a.route < b.route ? -1 : 1));
    const file = files.join(out, 'routes.parquet');
    await writeParquet(files, file, rows, { columns: [...COLUMNS, { name: 'mean', type: 'DOUBLE' }] });
    return { file, routes: rows.length, worst: rows[0] ?? null };
  },
);

const COLUMNS = [
  { name: 'route', type: 'STRING' },
  { name: 'flights', type: 'INT32' },
  { name: 'minutes', type: 'INT32' },
] as const;

/** Routes, each once. */
class Routes {
  readonly #byName = new Map<string, Route>();

  add({ route, flights, minutes }: Route): void {
    const sum = this.#byName.get(route) ?? { route, flights: 0, minutes: 0 };
    sum.flights += flights;
    sum.minutes += minutes;
    this.#byName.set(route, sum);
  }

  get all(): Route[] {
    return [...this.#byName.values()];
  }
}

export default pipeline('routes', { params: Params })
  .job('plan', plan, ({ params: { file, size } }) => ({ file, size }))
  .map('parts', addUp, ({ params, plan: ranges }) =>
    ranges.each(({ path, start, end }) => ({ path, start, end, out: params.out })),
  )
  .job('report', report, ({ params, parts }) => ({
    out: params.out,
    minFlights: params.minFlights,
    parts,
  }));
