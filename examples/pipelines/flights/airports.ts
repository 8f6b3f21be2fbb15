/** Names of airports, from a CSV file with the columns iata, name, city and state. */
import { PermanentError } from '@kube-transform/sdk';

/** What is known of an airport. */
export interface Airport {
  iata: string;
  name: string;
  city: string;
  state: string;
}

/** Reads the airports of a CSV text, by code. */
export function parseAirports(csv: string): Map<string, Airport> {
  const [header = [], ...rows] = csv
    .split(/\r?\n/)
    .filter(line => line !== '')
    .map(parseLine);
  const at = (column: string): number => {
    const index = header.indexOf(column);
    if (index < 0)
      throw new PermanentError(`The airports have no column "${column}"; they have ${header.join(', ')}.`);
    return index;
  };
  const [iata, name, city, state] = [at('iata'), at('name'), at('city'), at('state')];
  const airports = rows.map(row => ({
    iata: row[iata] ?? '',
    name: row[name] ?? '',
    city: row[city] ?? '',
    state: row[state] ?? '',
  }));
  return new Map(airports.map(airport => [airport.iata, airport]));
}

/** The fields of one CSV line; quotes may enclose a field and are doubled within it. */
export function parseLine(line: string): string[] {
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...fields].map(([, quoted, plain]) =>
    (quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"')).trim(),
  );
}

/** One CSV line; fields are quoted where they must be. */
export function formatLine(fields: readonly (string | number)[]): string {
  return fields
    .map(field => (/[",\n]/.test(`${field}`) ? `"${`${field}`.replaceAll('"', '""')}"` : `${field}`))
    .join(',');
}
