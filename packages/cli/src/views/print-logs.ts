/** Log lines as `kt logs` shows them. */
import type { FailedLog, LogLine } from '@kube-transform/runtime';
import { itemLabel } from '@kube-transform/runtime/internal';
import type { RunRef } from '../backends/backend.js';
import { bundleDirOf } from '../project/bundle-dir.js';
import { coloured, type Output, plural } from '../terminal/output.js';
import { stackReader } from '../terminal/source-positions.js';

/** How lines are printed. */
interface Print {
  output: Output;
  json: boolean;
  /** What the functions of the run were made from. */
  source: RunRef['source'];
}

/** Prints lines as they come, one object a line with `json`. */
export async function printLines(lines: AsyncIterable<LogLine>, { output, json }: Print): Promise<void> {
  let count = 0;
  for await (const line of lines) {
    count++;
    output.out(json ? JSON.stringify(line) : lineText(line));
  }
  if (count === 0 && !json) output.err('Nothing was printed.');
}

/** Prints failed items: what the latest attempt printed, and why it failed. */
export async function printFailed(
  failed: AsyncIterable<FailedLog>,
  { output, json, source }: Print,
): Promise<void> {
  const resolve = stackReader({ bundleDir: bundleDirOf(source) });
  let count = 0;
  for await (const { job, item, attempts, cause, podName, lines } of failed) {
    count++;
    if (json) {
      output.out(JSON.stringify({ job, item, attempts, cause, podName, lines }));
      continue;
    }
    for (const line of lines) output.out(lineText(line));
    const after = attempts > 0 ? ` after ${plural(attempts, 'attempt')}` : '';
    output.out(
      coloured(
        'Failed',
        `${itemLabel({ job, item, podName })} failed${after} (${cause.kind}): ${cause.message}`,
      ),
    );
    if (cause.kind !== 'Threw' || cause.stack === undefined) continue;
    const frames = resolve(cause.stack)
      .split('\n')
      .filter(frame => /^\s+at /.test(frame));
    for (const frame of frames) output.out(coloured('Pending', `  ${frame.trim()}`));
  }
  if (count === 0 && !json) output.err('Nothing failed.');
}

function lineText({ job, item, attempt, atMs, level, message, data }: LogLine): string {
  const prefix = `${new Date(atMs).toISOString().slice(11, 23)} ${job}[${item}]#${attempt} ${level.padEnd(5)}`;
  const mark = level === 'error' ? 'Failed' : level === 'warn' ? 'Interrupted' : 'Pending';
  return `${coloured(mark, prefix)} ${message}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`;
}
