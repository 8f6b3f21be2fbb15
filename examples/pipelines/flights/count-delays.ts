/** Counts flights, minutes of delay and late flights by airport and hour. */
import type { FlightColumns } from './parquet.js';

/** A flight is late when it arrives more than this many minutes after its time. */
export const LATE_MINUTES = 15;
const HOURS = 24;

/** Sums of one airport; each array has one entry for each hour of the day. */
export interface HourSums {
  flights: number[];
  /** Minutes, early arrivals counted as negative. */
  delay: number[];
  late: number[];
}

/** Sums by airport of departure. */
export type DelayTable = Record<string, HourSums>;

/** Counts the flights of some rows; rows that lack one of the three values are left out. */
export function countDelays({ hour, delay, origin }: FlightColumns): DelayTable {
  const sums = new Map<string, Float64Array>();
  for (let row = 0; row < origin.length; row++) {
    const airport = origin[row];
    const at = hour[row];
    const minutes = delay[row];
    if (airport == null || at == null || minutes == null) continue;
    let cells = sums.get(airport);
    if (cells === undefined) sums.set(airport, (cells = new Float64Array(3 * HOURS)));
    const late = Number(minutes);
    cells[at]! += 1;
    cells[HOURS + at]! += late;
    if (late > LATE_MINUTES) cells[2 * HOURS + at]! += 1;
  }
  return Object.fromEntries([...sums].map(([airport, cells]) => [airport, toSums(cells)]));
}

/** Adds up the tables of all row ranges, airports in alphabetical order. */
export function mergeTables(tables: readonly DelayTable[]): DelayTable {
  const merged = new Map<string, HourSums>();
  for (const table of tables) {
    for (const [airport, part] of Object.entries(table)) {
      const sums = merged.get(airport);
      merged.set(airport, sums === undefined ? part : addSums(sums, part));
    }
  }
  return Object.fromEntries([...merged].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The sums of two sets of flights, hour by hour. */
export function addSums(a: HourSums, b: HourSums): HourSums {
  const add = (x: number[], y: number[]): number[] => x.map((value, at) => value + (y[at] ?? 0));
  return { flights: add(a.flights, b.flights), delay: add(a.delay, b.delay), late: add(a.late, b.late) };
}

function toSums(cells: Float64Array): HourSums {
  const part = (which: number): number[] => [...cells.subarray(which * HOURS, (which + 1) * HOURS)];
  return { flights: part(0), delay: part(1), late: part(2) };
}
