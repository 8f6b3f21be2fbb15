/** Draws mean delays by hour: bars for all airports, and a table of colours for the busiest ones. */
import type { AirportFigures, HourFigures, Summary } from './summary.js';

const SHOWN = 20;
/** Fewer flights than this say little: their cell stays grey. */
const FEWEST = 30;
const CELL = { width: 28, height: 22, left: 210, top: 226 };
const BARS = { top: 84, height: 104 };
const WIDTH = CELL.left + 24 * CELL.width + 120;
/** Minutes of mean delay from which each colour is used. */
const COLOURS: readonly [from: number, colour: string][] = [
  [-Infinity, '#4a90c2'],
  [-5, '#a6cde4'],
  [0, '#fdf3dc'],
  [5, '#fcd9a0'],
  [10, '#f9ac62'],
  [20, '#e8703a'],
  [40, '#b8331f'],
];

/** Draws the chart as SVG. */
export function drawChart(summary: Summary): string {
  const shown = summary.airports.slice(0, SHOWN);
  const bottom = CELL.top + shown.length * CELL.height;
  const height = bottom + 100;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="#222">`,
    `<title>Mean delay of flights by hour of departure</title><rect width="100%" height="100%" fill="#fff"/>`,
    text(24, 34, 'Flight delays by hour of departure', 'font-size="20" font-weight="600"'),
    text(
      24,
      56,
      `Mean delay on arrival in minutes, by the local hour at which ${count(summary.flights)} flights left`,
      'fill="#666"',
    ),
    drawBars(summary.hours),
    text(CELL.left + 24 * CELL.width + 12, CELL.top - 20, 'whole day', 'fill="#666"'),
    ...shown.map(drawAirport),
    ...Array.from({ length: 24 }, (_, hour) => centred(hour, bottom + 18, `${hour}`, 'fill="#666"')),
    drawLegend(bottom + 44),
    '</svg>\n',
  ].join('\n');
}

function drawBars(hours: readonly HourFigures[]): string {
  const most = Math.max(1, ...hours.map(({ meanDelay }) => meanDelay));
  const least = Math.min(0, ...hours.map(({ meanDelay }) => meanDelay));
  const y = (minutes: number): number => BARS.top + (BARS.height * (most - minutes)) / (most - least);
  const bars = hours.map(({ hour, meanDelay, flights }) => {
    const top = Math.min(y(0), y(meanDelay));
    const box = `x="${x(hour) + 3}" y="${top.toFixed(1)}" width="${CELL.width - 6}" height="${Math.abs(y(meanDelay) - y(0)).toFixed(1)}"`;
    const label = centred(
      hour,
      meanDelay < 0 ? y(meanDelay) + 12 : top - 4,
      meanDelay.toFixed(0),
      'font-size="11"',
    );
    return `<rect ${box} fill="${colourOf(meanDelay)}"><title>${hour}:00, ${count(flights)} flights: ${meanDelay} min</title></rect>${label}`;
  });
  const zero = `<line x1="${CELL.left}" x2="${x(24)}" y1="${y(0).toFixed(1)}" y2="${y(0).toFixed(1)}" stroke="#999"/>`;
  return [
    ...bars,
    zero,
    text(CELL.left - 12, y(0) + 4, 'all airports', 'text-anchor="end" font-weight="600"'),
  ].join('\n');
}

function drawAirport(airport: AirportFigures, row: number): string {
  const top = CELL.top + row * CELL.height;
  const middle = top + CELL.height / 2 + 4;
  const cells = airport.hours.map(({ hour, flights, meanDelay }) => {
    const fill = flights < FEWEST ? '#eee' : colourOf(meanDelay);
    const box = `x="${x(hour)}" y="${top}" width="${CELL.width - 1}" height="${CELL.height - 1}" fill="${fill}"`;
    return `<rect ${box}><title>${escape(airport.iata)} ${hour}:00, ${count(flights)} flights: ${meanDelay} min</title></rect>`;
  });
  return [
    text(CELL.left - 12, middle, `${airport.city}  ${airport.iata}`, 'text-anchor="end"'),
    ...cells,
    text(x(24) + 12, middle, `${airport.meanDelay.toFixed(1)} min`),
  ].join('\n');
}

function drawLegend(top: number): string {
  const width = 76;
  const words = COLOURS.map(([from], i) =>
    i === 0
      ? `under ${COLOURS[1]?.[0] ?? 0}`
      : i === COLOURS.length - 1
        ? `${from} and more`
        : `${from} to ${COLOURS[i + 1]?.[0] ?? ''}`,
  );
  const boxes = COLOURS.map(([, colour], i) => {
    const left = CELL.left + i * width;
    return `<rect x="${left}" y="${top}" width="${width - 2}" height="12" fill="${colour}"/>${text(left, top + 27, words[i] ?? '', 'font-size="11" fill="#666"')}`;
  });
  const few = `<rect x="${CELL.left + COLOURS.length * width + 8}" y="${top}" width="20" height="12" fill="#eee"/>`;
  const fewText = text(
    CELL.left + COLOURS.length * width + 8,
    top + 27,
    `under ${FEWEST} flights`,
    'font-size="11" fill="#666"',
  );
  return [
    text(CELL.left - 12, top + 11, 'minutes', 'text-anchor="end" fill="#666"'),
    ...boxes,
    few,
    fewText,
  ].join('\n');
}

const x = (hour: number): number => CELL.left + hour * CELL.width;
const count = (value: number): string => value.toLocaleString('en-US');
const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

function colourOf(minutes: number): string {
  return COLOURS.findLast(([from]) => minutes >= from)?.[1] ?? '#eee';
}

function text(left: number, top: number, value: string, attributes = ''): string {
  return `<text x="${left}" y="${top.toFixed(1)}" ${attributes}>${escape(value)}</text>`;
}

function centred(hour: number, top: number, value: string, attributes: string): string {
  return text(x(hour) + CELL.width / 2, top, value, `text-anchor="middle" ${attributes}`);
}
