/** Problems as values, and the errors that carry them out of public functions. */

/**
 * One thing that is wrong with an input: a value, not an exception, so that all of them can be reported at
 * once.
 *
 * @example
 * ```ts
 * const problem: Problem = {
 *   code: 'UNKNOWN_DEPENDENCY',
 *   path: 'jobs[3].dependencies[0]',
 *   message: 'Step "load" depends on "extrat", which does not exist.',
 *   hint: 'Did you mean "extract"?',
 * };
 * ```
 */
export interface Problem {
  /** Stable identifier in SCREAMING_SNAKE_CASE, for programs. */
  code: string;
  /** What is wrong, with which step or file, and the value seen. */
  message: string;
  /** Where: `jobs[3].dependencies[0]`; empty for the input as a whole. */
  path: string;
  /** What to do about it. */
  hint?: string;
}

const KT_ERROR = Symbol.for('kube-transform.error');
const PERMANENT = Symbol.for('kube-transform.permanent');

/**
 * The one error that public functions throw, carrying every {@link Problem} found.
 *
 * Its message has a line for each. Recognise it with {@link isKtError}, never with `instanceof`: a bundle
 * holds its own copy of this class.
 *
 * @example
 * ```ts
 * const error = new KtError({ code: 'BAD_YEAR', path: 'year', message: 'Expected a year, but got 3.' });
 * error.code; // → 'BAD_YEAR'
 * error.message; // → 'year: Expected a year, but got 3.'
 * ```
 */
export class KtError extends Error {
  /** Code of the first problem. */
  readonly code: string;
  /** All that is wrong, at least one. */
  readonly problems: readonly Problem[];
  /** @internal */
  readonly [KT_ERROR] = true;

  constructor(problems: Problem | readonly Problem[], options?: { cause?: unknown }) {
    const list = 'code' in problems ? [problems] : problems;
    super(list.map(formatProblem).join('\n'), options);
    this.name = 'KtError';
    this.problems = list;
    this.code = list[0]?.code ?? 'UNKNOWN';
  }
}

/**
 * True for every {@link KtError}, whichever copy of the class made it.
 *
 * @example
 * ```ts
 * try {
 *   mustParsePipeline({ name: '' });
 * } catch (error) {
 *   if (!isKtError(error)) throw error;
 *   for (const { path, message } of error.problems) console.error(path, message);
 * }
 * ```
 */
export function isKtError(value: unknown): value is KtError {
  return typeof value === 'object' && value !== null && KT_ERROR in value;
}

/**
 * Writes a problem as one line: `path: message hint`.
 *
 * @example
 * ```ts
 * formatProblem({ code: 'CYCLE', path: 'jobs[0]', message: 'Step "a" depends on itself.' });
 * // → 'jobs[0]: Step "a" depends on itself.'
 * ```
 */
export function formatProblem(problem: Problem): string {
  const where = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : ` ${problem.hint}`;
  return `${where}${problem.message}${hint}`;
}

/**
 * An error that no retry can mend: the item fails at once, whatever its `retries`.
 *
 * Throw it from a function for input that will never be right.
 *
 * @example
 * ```ts
 * export const load = ktFunction({ retries: 3 }, ({ year }: { year: number }) => {
 *   if (year < 1900) throw new PermanentError(`There is no data of ${year}.`);
 *   return { year };
 * });
 * ```
 */
export class PermanentError extends Error {
  /** @internal */
  readonly [PERMANENT] = true;
  /** `PermanentError`. */
  override name = 'PermanentError';
}

/**
 * True for a {@link PermanentError}, whichever copy of the class made it.
 *
 * @example
 * ```ts
 * isPermanent(new PermanentError('There is no such year.')); // → true
 * isPermanent(new Error('The network is down.')); // → false
 * ```
 */
export function isPermanent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && PERMANENT in value;
}

/**
 * Marks a case that the types rule out; reaching it is a bug.
 *
 * @throws TypeError with the value seen.
 *
 * @example
 * ```ts
 * function label(type: KTJob['type']): string {
 *   switch (type) {
 *     case 'static':
 *     case 'dynamic':
 *     case 'map':
 *     case 'container':
 *       return `a ${type} step`;
 *     default:
 *       return assertNever(type);
 *   }
 * }
 * label('map'); // → 'a map step'
 * ```
 */
export function assertNever(value: never): never {
  throw new TypeError(`Bug: unexpected value ${JSON.stringify(value)}`);
}
