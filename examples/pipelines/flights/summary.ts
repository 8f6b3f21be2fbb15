/** Makes the figures of the report from the sums: means, shares, ranks and CSV. */
import { type Airport, formatLine } from './airports.js';
import { addSums, type DelayTable, type HourSums } from './count-delays.js';

/** Figures of a set of flights. */
export interface Figures {
  flights: number;
  /** Minutes in all; early arrivals counted as negative. */
  delayMinutes: number;
  late: number;
  /** Minutes, to two places. */
  meanDelay: number;
  /** Between 0 and 1, to four places. */
  lateShare: number;
}
/** Figures of one hour of the day. */
export interface HourFigures extends Figures {
  hour: number;
}
/** Figures of one airport, as a whole and by hour; hours without a flight are left out. */
export interface AirportFigures extends Airport, Figures {
  hours: HourFigures[];
}
/** The whole report. */
export interface Summary extends Figures {
  hours: HourFigures[];
  /** The busiest first. */
  airports: AirportFigures[];
}

/** Computes all figures of a table. */
export function summarize(table: DelayTable, airports: ReadonlyMap<string, Airport>): Summary {
  const all = Object.values(table).reduce(addSums, noFlights());
  const byAirport = Object.entries(table).map(([iata, sums]) => {
    const known = airports.get(iata) ?? { iata, name: iata, city: '', state: '' };
    return { ...known, ...total(sums), hours: byHour(sums) };
  });
  byAirport.sort((a, b) => b.flights - a.flights || (a.iata < b.iata ? -1 : 1));
  return { ...total(all), hours: byHour(all), airports: byAirport };
}

/** The entry with the longest mean delay among those with enough flights. */
export function worst<T extends Figures>(entries: readonly T[], minFlights: number): T | null {
  const mean = ({ delayMinutes, flights }: Figures): number => delayMinutes / flights;
  const ranked = entries.filter(({ flights }) => flights >= minFlights);
  return ranked.reduce<T | null>(
    (most, entry) => (most === null || mean(entry) > mean(most) ? entry : most),
    null,
  );
}

/** The figures by airport and hour as CSV. */
export function toCsv({ airports }: Summary): string {
  const header = 'iata,name,city,state,hour,flights,delay_minutes,mean_delay,late,late_share';
  const lines = airports.flatMap(({ iata, name, city, state, hours }) =>
    hours.map(at =>
      formatLine([
        iata,
        name,
        city,
        state,
        at.hour,
        at.flights,
        at.delayMinutes,
        at.meanDelay,
        at.late,
        at.lateShare,
      ]),
    ),
  );
  return `${[header, ...lines].join('\n')}\n`;
}

function noFlights(): HourSums {
  const zeros = (): number[] => Array.from({ length: 24 }, () => 0);
  return { flights: zeros(), delay: zeros(), late: zeros() };
}

function byHour({ flights, delay, late }: HourSums): HourFigures[] {
  return flights
    .map((count, hour) => ({ hour, ...figures(count, delay[hour] ?? 0, late[hour] ?? 0) }))
    .filter(entry => entry.flights > 0);
}

function total({ flights, delay, late }: HourSums): Figures {
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  return figures(sum(flights), sum(delay), sum(late));
}

function figures(flights: number, delayMinutes: number, late: number): Figures {
  const share = (value: number, scale: number): number =>
    flights === 0 ? 0 : Math.round((value / flights) * scale) / scale;
  return { flights, delayMinutes, late, meanDelay: share(delayMinutes, 100), lateShare: share(late, 10_000) };
}
