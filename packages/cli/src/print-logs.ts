/** Log lines as `kt logs` shows them. */
import { placeOf } from '@kube-transform/runtime';
import { coloured, type Output, plural } from './output.js';
import type { FailedLog, LogLine } from './run-logs.js';
import { readableStack } from './source-positions.js';

interface Print {
  output: Output;
  json: boolean;
}

/** Prints lines, one object a line with `json`. */
export function printLines(lines: readonly LogLine[], { output, json }: Print): void {
  if (lines.length === 0 && !json) output.err('Nothing was printed.');
  for (const line of lines) output.out(json ? JSON.stringify(line) : lineText(line));
}

/** Prints failed items: what the latest attempt printed, and why it failed. */
export function printFailed(failed: readonly FailedLog[], { output, json }: Print): void {
  if (failed.length === 0 && !json) output.err('Nothing failed.');
  for (const { job, item, attempts, cause, lines } of failed) {
    if (json) {
      output.out(JSON.stringify({ job, item, attempts, cause, lines }));
      continue;
    }
    for (const line of lines) output.out(lineText(line));
    const after = attempts > 0 ? ` after ${plural(attempts, 'attempt')}` : '';
    output.out(coloured('Failed', `${placeOf({ job, item })} failed${after} (${cause.kind}): ${cause.message}`));
    if (cause.kind !== 'Threw' || cause.stack === undefined) continue;
    const frames = readableStack(cause.stack)
      .split('\n')
      .filter(frame => /^\s+at /.test(frame));
    for (const frame of frames) output.out(coloured('Pending', `  ${frame.trim()}`));
  }
}

function lineText({ job, item, attempt, atMs, level, message, data }: LogLine): string {
  const prefix = `${new Date(atMs).toISOString().slice(11, 23)} ${job}[${item}]#${attempt} ${level.padEnd(5)}`;
  const mark = level === 'error' ? 'Failed' : level === 'warn' ? 'Interrupted' : 'Pending';
  return `${coloured(mark, prefix)} ${message}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`;
}
