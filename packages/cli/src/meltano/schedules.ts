/** Reads what `meltano schedule list --format=json` prints: Meltano 2, 3 and 4. Pure. */
import {
  list,
  nullOr,
  optional,
  orElse,
  type Origin,
  parseText,
  record,
  type Shape,
  table,
  text,
} from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/** A schedule of Meltano. */
export interface MeltanoSchedule {
  name: string;
  /** As it stands in meltano.yml: a cron line, `@daily`, `@manual`; null where there is none. */
  interval: string | null;
  /** What Meltano makes of it; null where it never comes by itself. */
  cron: string | null;
  /** Variables, in the order of their names; those that are null are left out. */
  env: readonly [name: string, value: string][];
  /** What its pod runs. */
  command: readonly string[];
  /** Name of its job; null for a pair of extractor and loader. */
  job: string | null;
}

const HINT = 'Give what meltano schedule list --format=json prints.';
/** Numbers as they are written, and texts, which may hold digits, too. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:Infinity|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|NaN/g;
const START = /\{\s*"schedules"\s*:/g;

interface Entry {
  name: string;
  interval: string | null | undefined;
  cron_interval: string | null | undefined;
  env: Record<string, string | boolean | null> | null;
}

/** Numbers are texts by then. */
const envValue: Shape<string | boolean | null> = value =>
  typeof value === 'boolean' || value === null ? value : text(value);
const entry = {
  name: text,
  interval: optional(nullOr(text)),
  cron_interval: optional(nullOr(text)),
  env: orElse(nullOr(table(envValue)), {}),
};
const documentShape = record({
  schedules: record({
    elt: orElse(list(record<Entry & { elt_args: string[] }>({ ...entry, elt_args: list(text) })), []),
    job: orElse(
      list(record<Entry & { job: { name: string } }>({ ...entry, job: record({ name: text }) })),
      [],
    ),
  }),
});

/**
 * The schedules in a text, pairs first, each in the order of the document; what Meltano says before and after
 * the JSON is passed over. `file`: where the text is from. @throws KtError `BAD_SCHEDULES`
 */
export function readSchedules(printed: string, file: string): MeltanoSchedule[] {
  const origin: Origin = { file, name: 'list of schedules', code: 'BAD_SCHEDULES', hint: HINT };
  const found = documentIn(printed);
  if (found === undefined) {
    const said = printed.trim().slice(0, 200);
    const message = said === '' ? 'It is empty.' : `It holds no JSON of schedules, but begins: ${said}`;
    throw new KtError({ code: 'BAD_SCHEDULES', path: file, message, hint: HINT });
  }
  // A number of the environment keeps its digits, whatever JavaScript would make of it.
  const json = found.replaceAll(TOKEN, token => (token.startsWith('"') ? token : `"${token}"`));
  const { elt, job } = parseText(documentShape, json, origin).schedules;
  return [
    ...elt.map(pair => {
      const args = pair.elt_args.filter(arg => arg !== '--transform=None');
      return scheduleOf(pair, { command: ['meltano', 'elt', ...args], job: null });
    }),
    ...job.map(one => scheduleOf(one, { command: ['meltano', 'run', one.job.name], job: one.job.name })),
  ];
}

function scheduleOf(
  { name, interval = null, cron_interval: cron = interval, env }: Entry,
  work: Pick<MeltanoSchedule, 'command' | 'job'>,
): MeltanoSchedule {
  const variables = Object.entries(env ?? {})
    .filter(([, value]) => value !== null)
    .map(([key, value]): [string, string] => [key, String(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { name, interval, cron: cron === '' ? null : cron, env: variables, ...work };
}

/** The JSON object whose first member is `schedules`, as text. */
function documentIn(printed: string): string | undefined {
  for (const { index } of printed.matchAll(START)) {
    const end = endOf(printed, index);
    if (end !== undefined) return printed.slice(index, end);
  }
  return undefined;
}

/** Where the object ends that begins there; undefined where it does not. */
function endOf(printed: string, start: number): number | undefined {
  const marks = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}]/gs;
  marks.lastIndex = start;
  let depth = 0;
  for (let found = marks.exec(printed); found !== null; found = marks.exec(printed)) {
    if (found[0] === '{') depth++;
    else if (found[0] === '}' && --depth === 0) return marks.lastIndex;
  }
  return undefined;
}
