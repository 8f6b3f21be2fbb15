/** Checks cron lines as Kubernetes does, whose CronJobs are read with robfig/cron v3. Pure. */

interface Field {
  name: string;
  min: number;
  max: number;
  /** Of the numbers from `min` on. */
  names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { name: 'day of the week', min: 0, max: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
];
const WORD = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
/** With a duration as Go writes it. */
const EVERY = /^@every [+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|[uµμ]s|ms|s|m|h))+)$/;

/**
 * Says what is wrong with a cron line: a sentence without its full stop, or undefined where Kubernetes takes
 * the line as the schedule of a CronJob.
 *
 * @example
 * ```ts
 * cronProblem('0 3 * * mon-fri'); // → undefined
 * cronProblem('0 24 * * *'); // → 'The hour "24" is not made of 0 to 23, "*", ranges and steps'
 * ```
 */
export function cronProblem(line: string): string | undefined {
  if (WORD.test(line) || EVERY.test(line)) return undefined;
  const texts = line.trim().split(/\s+/);
  if (line.startsWith('@') || texts.length !== FIELDS.length)
    return 'Expected a cron schedule of five fields such as "0 3 * * *", or a word such as "@daily"';
  const wrong = FIELDS.flatMap((field, i) =>
    (texts[i] ?? '').split(',').some(part => part !== '' && !isRange(part, field))
      ? [{ ...field, text: texts[i] }]
      : [],
  );
  const [first] = wrong;
  return (
    first &&
    `The ${first.name} "${first.text ?? ''}" is not made of ${first.min} to ${first.max}, "*", ranges and steps`
  );
}

/** `5`, `1-5`, `*`, each with `/STEP` or without. */
function isRange(text: string, field: Field): boolean {
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0 || (step !== undefined && !(Number(step) > 0 && /^\d+$/.test(step)))) return false;
  const [low = '', high, ...rest] = range.split('-');
  if (low === '*' || low === '?') return true;
  const from = numberOf(low, field);
  const to = high === undefined ? (step === undefined ? from : field.max) : numberOf(high, field);
  return rest.length === 0 && field.min <= from && from <= to && to <= field.max;
}

/** NaN where it is neither a number nor a name. */
function numberOf(text: string, { min, names }: Field): number {
  const at = names.indexOf(text.toLowerCase());
  return at >= 0 ? min + at : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
