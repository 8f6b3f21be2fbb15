/** Where text goes, and how figures are written. The one place that touches the terminal. */
import { styleText } from 'node:util';
import type { JobStatus } from '@kube-transform/sdk';
import { inline, plain } from './plain-text.js';

/** What is printed to. */
export interface Output {
  /** Prints a line; further lines of the text are set in, see {@link printText}. */
  out(text: string): void;
  err(text: string): void;
  /** Where a person reads along: draws rows in the place of the last so many. */
  live: false | ((rows: readonly string[], over: number) => void);
  columns: number;
  /** Takes bytes as they are, where no terminal shows them; resolves when there is room for more. */
  bytes?: ((chunk: Uint8Array) => Promise<void>) | undefined;
}

/** The process's own terminal or pipe, which is told all as it is: {@link plainly} goes before it. */
export const terminal: Output = {
  out: text => void process.stdout.write(`${text}\n`),
  err: text => void process.stderr.write(`${text}\n`),
  live:
    process.stdout.isTTY &&
    process.env['CI'] === undefined &&
    process.env['TERM'] !== 'dumb' &&
    ((rows, over) =>
      void process.stdout.write(`${over > 0 ? `\u001b[${over}A` : ''}\u001b[0J${rows.join('\n')}\n`)),
  columns: process.stdout.columns || 100,
  bytes: process.stdout.isTTY
    ? undefined
    : chunk =>
        new Promise(resolve => {
          if (process.stdout.write(chunk)) resolve();
          else process.stdout.once('drain', resolve);
        }),
};

/** An output that shows text of others and is not steered by it. */
export function plainly({ out, err, live, columns, bytes: raw }: Output): Output {
  const colours = coloured('Failed', '') !== '';
  return {
    out: text => out(plain(text, { colours })),
    err: text => err(plain(text, { colours })),
    live: live && ((rows, over) => live(rows.map(inline), over)),
    columns,
    bytes: raw,
  };
}

/** Prints lines that kt wrote, each as one: for text of others {@link Output.out} is right. */
export function printText(output: Pick<Output, 'out'>, text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) output.out(line);
}

/** `850 ms`, `4.2 s`, `3m 10s`, `2h 05m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1000);
  if (minutes < 60) return `${minutes}m ${String(seconds).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}

/** `3 items`, `1 item`. */
export const plural = (n: number, word: string): string =>
  `${n.toLocaleString('en-US')} ${word}${n === 1 ? '' : 's'}`;

const COLOURS = {
  Pending: 'gray',
  Running: 'cyan',
  AwaitingDescendants: 'cyan',
  Completed: 'green',
  Failed: 'red',
  DescendantFailed: 'red',
  SkippedDueToUpstreamFailure: 'yellow',
  Cancelled: 'yellow',
  Interrupted: 'yellow',
} as const;
const MARKS: Record<JobStatus, string> = {
  Pending: '·',
  Running: '▸',
  AwaitingDescendants: '▸',
  Completed: '✓',
  Failed: '✗',
  DescendantFailed: '✗',
  SkippedDueToUpstreamFailure: '–',
};

/** A status with its mark, coloured where a terminal shows it. */
export function statusText(status: JobStatus): string {
  return styleText(COLOURS[status], `${MARKS[status]} ${status}`);
}

/** Text in a status's colour. */
export function coloured(status: keyof typeof COLOURS, text: string): string {
  return styleText(COLOURS[status], text);
}

/** Rows with their columns aligned; widths count what is visible. */
export function table(typed: readonly (readonly string[])[]): string {
  const rows = typed.map(row => row.map(inline));
  const visible = (text: string): number => text.replaceAll(/\u001b\[[0-9;]*m/g, '').length;
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, visible(cell))));
  return rows
    .map(row =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - visible(cell))))
        .join('  '),
    )
    .join('\n');
}

/** `812 B`, `12.3 kB`, `4.0 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const [value, unit] = n < 1e6 ? [n / 1e3, 'kB'] : n < 1e9 ? [n / 1e6, 'MB'] : [n / 1e9, 'GB'];
  return `${value.toFixed(1)} ${unit}`;
}
