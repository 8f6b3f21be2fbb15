/** Makes of an interval of Meltano the line that a CronJob takes. Pure. */
import { cronProblem } from '@kube-transform/sdk';

/** What Meltano's words mean; null: it never comes by itself. */
const WORDS: Readonly<Record<string, string | null>> = {
  '@once': null,
  '@manual': null,
  '@none': null,
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** The line of a CronJob; `line` is null where there is none, and `problem` where Kubernetes takes it. */
export interface CronLine {
  line: string | null;
  problem: string | null;
}

/**
 * The line for what Meltano calls `cron_interval`. Meltano 2 hands some words on as they are. Sunday, which
 * cron also calls 7, is 0 for Kubernetes.
 */
export function cronLine(interval: string | null): CronLine {
  if (interval === null) return { line: null, problem: null };
  const word = interval.trim().toLowerCase();
  if (Object.hasOwn(WORDS, word)) return { line: WORDS[word] ?? null, problem: null };
  const line = withoutSevens(interval);
  return { line, problem: cronProblem(line) ?? null };
}

function withoutSevens(line: string): string {
  const fields = line.trim().split(/\s+/);
  const days = fields[4];
  if (fields.length !== 5 || days === undefined || !/(?:^|[-,])7/.test(days)) return line;
  return [...fields.slice(0, 4), days.split(',').map(daysOf).join(',')].join(' ');
}

/** `7`, `5-7` and `1-7/2` in the numbers of Kubernetes; anything else as it is. */
function daysOf(text: string): string {
  if (text === '7') return '0';
  const [, from, step = '1'] = /^([0-7])-7(?:\/([1-9]))?$/.exec(text) ?? [];
  if (from === undefined) return text;
  const days = new Set<number>();
  for (let day = Number(from); day <= 7; day += Number(step)) days.add(day % 7);
  return [...days].join(',');
}
