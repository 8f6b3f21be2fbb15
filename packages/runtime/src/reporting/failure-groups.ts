/** Failures that are one failure: grouped by what was said and where, names and numbers aside. */
import { type FailureCause, omitUndefined } from '@kube-transform/sdk';

/** A failed item, or a job that failed as a whole (`item` null). */
export interface FailedItem {
  /** Name of its step. */
  job: string;
  /** Its index; null for the step as a whole. */
  item: number | null;
  /** Why it failed. */
  cause: FailureCause;
  /** The pod of Kubernetes in which it failed, where that is known. */
  podName?: string | undefined;
}

/** The failure that is told of an item. */
export const failureOf = ({ job, item, cause, podName }: FailedItem): FailedItem => ({
  ...{ job, item, cause },
  ...omitUndefined({ podName }),
});

/** Makes a stack readable: positions in a bundle become the user's files and lines. */
export type Resolve = (stack: string) => string;

/** True for a failure of a step that is told neither item by item nor for the run as a whole. */
export const isOwnFailure = ({ kind }: FailureCause): boolean =>
  kind !== 'ItemsFailed' && kind !== 'Cancelled';

/** Failures of one kind. */
export interface FailureGroup {
  /** How many failed so. */
  count: number;
  /** What was said; where that differs, `‹n›` stands for a number and `‹…›` for anything. */
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
  return VARIABLE.reduce(
    (text, [pattern, word]) => text.replaceAll(pattern, word),
    message.split('\n', 1)[0]?.slice(0, 500) ?? '',
  );
}

const WORD = /‹[n…]›|\d+(?:[.,]\d+)*|[\p{L}_]+|[^]/gu;
const NUMBER = /^(?:‹n›|\d+(?:[.,]\d+)*)$/;

const wordsOf = (text: string): readonly string[] => text.slice(0, 500).match(WORD) ?? [];

/** What two messages of one kind have in common: what differs in the midst of them is left open. */
function shared(known: string, message: string): string {
  const [a, b] = [wordsOf(known), wordsOf(message)];
  const most = Math.min(a.length, b.length);
  let from = 0;
  while (from < most && a[from] === b[from]) from++;
  let rest = 0;
  while (rest < most - from && a.at(-1 - rest) === b.at(-1 - rest)) rest++;
  const differs = [a, b].map(words => words.slice(from, words.length - rest).join(''));
  const open = differs.every(text => NUMBER.test(text)) ? '‹n›' : '‹…›';
  return [...a.slice(0, from), open, ...a.slice(a.length - rest)].join('');
}

/** `fetch.ts:41` of the first frame that is the user's. */
export function whereOf(cause: FailureCause, resolve: Resolve): string | null {
  if (cause.kind !== 'Threw' || cause.stack === undefined) return null;
  const frame = resolve(cause.stack)
    .split('\n')
    .find((line, i) => i > 0 && /^\s+at /.test(line));
  const position = frame === undefined ? null : /([^\s()]+):(\d+):\d+\)?$/.exec(frame);
  return position === null ? null : `${position[1] ?? ''}:${position[2] ?? ''}`;
}

/** Groups failures as they come. */
export class FailureGroups {
  readonly #groups = new Map<string, FailureGroup>();
  readonly #positions = new Map<string, string | null>();
  readonly #resolve: Resolve;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** Adds a failure to the group of those like it. */
  add(failure: FailedItem): void {
    const cause = failure.cause.kind === 'ItemsFailed' ? failure.cause.first : failure.cause;
    const stack =
      cause.kind === 'Threw' ? (cause.stack ?? '').slice(cause.message.length + cause.name.length) : '';
    let where = this.#positions.get(stack);
    if (where === undefined) this.#positions.set(stack, (where = whereOf(cause, this.#resolve)));
    const key = `${cause.kind}\n${where ?? ''}\n${normalised(cause.message)}`;
    const group = this.#groups.get(key);
    if (group === undefined)
      this.#groups.set(key, {
        count: 1,
        message: cause.message.split('\n', 1)[0] ?? '',
        where,
        examples: [failure],
      });
    else {
      group.count++;
      const own = cause.message.split('\n', 1)[0] ?? '';
      if (own !== group.message) group.message = shared(group.message, own);
      if (group.examples.length >= EXAMPLES) return;
      // The same failures are told alike, whichever was first.
      group.examples.push(failure);
      group.examples.sort((a, b) =>
        a.job === b.job ? (a.item ?? 0) - (b.item ?? 0) : a.job < b.job ? -1 : 1,
      );
    }
  }

  /** The most frequent first. */
  list(): FailureGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count);
  }
}

/** Failures as they are told: so much that neither many kinds nor long texts make it large. */
export interface ToldFailures {
  /** The most frequent kinds, with texts that are cut. */
  groups: FailureGroup[];
  /** How many failures are of none of these kinds. */
  omitted: number;
}

/** How many kinds are told one by one. */
export const TOLD_GROUPS = 20;
/** How long their texts may be, in characters. */
export const TOLD_TEXT = 2000;

/** What is told of failures; `more` are those that whoever told us of them has left out. */
export function toldFailures(
  groups: readonly FailureGroup[],
  {
    text = TOLD_TEXT,
    more = 0,
    placeOf = ({ where }) => where,
  }: { text?: number; more?: number; placeOf?: (group: FailureGroup) => string | null } = {},
): ToldFailures {
  return {
    groups: groups.slice(0, TOLD_GROUPS).map(group => ({
      ...group,
      message: cut(group.message, text),
      where: cutOrNull(placeOf(group), text),
      examples: group.examples.map(example => ({ ...example, cause: clippedCause(example.cause, text) })),
    })),
    omitted: groups.slice(TOLD_GROUPS).reduce((sum, { count }) => sum + count, more),
  };
}

/** A text of at most so many characters; none of them is cut in two. */
const cut = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '');

const cutOrNull = (text: string | null, most: number): string | null =>
  text === null ? null : cut(text, most);

/** A cause with texts that fit. */
export function clippedCause(cause: FailureCause, most: number): FailureCause {
  const short = { ...cause, message: cut(cause.message, most) };
  switch (short.kind) {
    case 'Threw':
      if (short.stack !== undefined) short.stack = cut(short.stack, most);
      return { ...short, name: cut(short.name, most) };
    case 'ItemsFailed':
      return { ...short, first: clippedCause(short.first, most) };
    case 'InvalidSpawn':
    case 'InvalidInput':
      return {
        ...short,
        problems: short.problems.slice(0, 10).map(({ code, message, path, hint }) => ({
          ...{ code, message: cut(message, most), path: cut(path, most) },
          ...omitUndefined({ hint: hint === undefined ? undefined : cut(hint, most) }),
        })),
      };
    case 'NotStarted':
      return { ...short, reason: cut(short.reason, most) };
    case 'InvalidResult':
      return { ...short, path: cut(short.path, most) };
    case 'UnknownFunction':
      return { ...short, function: cut(short.function, most) };
    case 'Exited':
    case 'OutOfMemory':
    case 'DeadlineExceeded':
    case 'Evicted':
    case 'Cancelled':
    case 'Lost':
      return short;
  }
}

/** Groups failures, the most frequent first. */
export function groupFailures(failed: readonly FailedItem[], resolve: Resolve): FailureGroup[] {
  const groups = new FailureGroups(resolve);
  for (const failure of failed) groups.add(failure);
  return groups.list();
}

/** `delays[17]`, or the job alone; with the pod where one is given. */
export const itemLabel = ({ job, item, podName }: Omit<FailedItem, 'cause'>): string =>
  (item === null ? job : `${job}[${item}]`) + (podName === undefined ? '' : ` in ${podName}`);
