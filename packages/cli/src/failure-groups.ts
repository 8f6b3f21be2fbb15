/** Failures that are one failure: grouped by what was said and where, names and numbers aside. */
import type { FailureCause } from '@kube-transform/sdk';
import type { FailedItem } from './run-view.js';
import { readableStack } from './source-positions.js';

/** Failures of one kind. */
export interface FailureGroup {
  count: number;
  /** What was said the first time. */
  message: string;
  /** File and line of the first frame in the user's files; null where none is known. */
  where: string | null;
  /** Where it happened: up to three. */
  examples: FailedItem[];
}

const EXAMPLES = 3;
/** What differs between failures of one kind: quoted texts, URLs and paths, ids, hex and numbers. */
const VARIABLE: readonly [RegExp, string][] = [
  [/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"'],
  [/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>'],
  [/(?:\.{0,2}\/|\b[A-Za-z]:\\)[^\s:,;)]+/g, '<path>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<n>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b/gi, '<id>'],
  [/\d+(?:[.,]\d+)*/g, '<n>'],
];

/** A message with what differs from item to item taken out. */
export function normalised(message: string): string {
  return VARIABLE.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), message.split('\n', 1)[0]?.slice(0, 500) ?? '');
}

/** `fetch.ts:41` of the first frame that is the user's. */
export function whereOf(cause: FailureCause, resolve: (stack: string) => string = readableStack): string | null {
  if (cause.kind !== 'Threw' || cause.stack === undefined) return null;
  const frame = resolve(cause.stack)
    .split('\n')
    .find((line, i) => i > 0 && /^\s+at /.test(line));
  const position = frame === undefined ? null : /([^\s()]+):(\d+):\d+\)?$/.exec(frame);
  return position === null ? null : `${position[1] ?? ''}:${position[2] ?? ''}`;
}

/** Groups failures, the most frequent first. */
export function groupFailures(failed: readonly FailedItem[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  const places = new Map<string, string | null>();
  for (const failure of failed) {
    const cause = failure.cause.kind === 'ItemsFailed' ? failure.cause.first : failure.cause;
    const stack = cause.kind === 'Threw' ? (cause.stack ?? '').slice(cause.message.length + cause.name.length) : '';
    let where = places.get(stack);
    if (where === undefined) places.set(stack, (where = whereOf(cause)));
    const key = `${cause.kind}\n${where ?? ''}\n${normalised(cause.message)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { count: 1, message: cause.message.split('\n', 1)[0] ?? '', where, examples: [failure] });
    else {
      group.count++;
      if (group.examples.length < EXAMPLES) group.examples.push(failure);
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** `delays[17]`, or the job alone. */
export const placeOf = ({ job, item }: Pick<FailedItem, 'job' | 'item'>): string => (item === null ? job : `${job}[${item}]`);
