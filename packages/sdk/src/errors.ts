/**
 * One thing that is wrong with an input: a value, not an exception, so that all of them can be reported at
 * once.
 */
export interface Problem {
  /** Stable identifier in SCREAMING_SNAKE_CASE, for programs. */
  code: string;
  /** What is wrong, to which job or file, and the value seen. */
  message: string;
  /** Where: `jobs[3].dependencies[0]`; empty for the input as a whole. */
  path: string;
  /** What to do about it. */
  hint?: string;
}

/** Why a job or an item failed: a union with only the data that belongs to each kind. */
export type FailureCause =
  | { kind: 'Threw'; message: string; name: string; stack?: string; permanent?: boolean }
  | { kind: 'Exited'; message: string; exitCode: number | null; signal: string | null }
  | { kind: 'OutOfMemory'; message: string; memory: string }
  | { kind: 'DeadlineExceeded'; message: string; timeoutMs: number }
  | { kind: 'Evicted'; message: string }
  | { kind: 'NotStarted'; message: string; reason: string }
  | { kind: 'InvalidInput'; message: string; problems: Problem[] }
  | { kind: 'InvalidSpawn'; message: string; problems: Problem[] }
  | { kind: 'InvalidResult'; message: string; path: string }
  | { kind: 'UnknownFunction'; message: string; function: string }
  | {
      kind: 'ItemsFailed';
      message: string;
      failed: number;
      total: number;
      first: FailureCause;
      firstItem: number;
    }
  | { kind: 'Cancelled'; message: string }
  | { kind: 'Lost'; message: string };

/** Whether another attempt can help; the one table that every executor follows. */
export const RETRIED: Record<FailureCause['kind'], boolean> = {
  Threw: true,
  Exited: true,
  OutOfMemory: true,
  DeadlineExceeded: true,
  Evicted: true,
  NotStarted: false,
  InvalidInput: false,
  InvalidSpawn: false,
  InvalidResult: false,
  UnknownFunction: false,
  ItemsFailed: false,
  Cancelled: false,
  Lost: true,
};

const KT_ERROR = Symbol.for('kube-transform.error');
const PERMANENT = Symbol.for('kube-transform.permanent');

/**
 * The one error that public functions throw, carrying every {@link Problem} found.
 *
 * Recognise it with {@link isKtError}, never with `instanceof`: a bundle holds its own copy of this class.
 */
export class KtError extends Error {
  /** Code of the first problem. */
  readonly code: string;
  readonly problems: readonly Problem[];
  readonly [KT_ERROR] = true;

  constructor(problems: Problem | readonly Problem[], options?: { cause?: unknown }) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map(formatProblem).join('\n'), options);
    this.name = 'KtError';
    this.problems = list;
    this.code = list[0]?.code ?? 'UNKNOWN';
  }
}

/** True for every {@link KtError}, whichever copy of the class made it. */
export function isKtError(value: unknown): value is KtError {
  return typeof value === 'object' && value !== null && KT_ERROR in value;
}

/** One line: `path: message (hint)`. */
export function formatProblem(problem: Problem): string {
  const where = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : ` ${problem.hint}`;
  return `${where}${problem.message}${hint}`;
}

/**
 * An error that no retry can mend: the item fails at once, whatever its `retries`.
 *
 * Throw it from a function for input that will never be right.
 */
export class PermanentError extends Error {
  readonly [PERMANENT] = true;
  override name = 'PermanentError';
}

/** True for a {@link PermanentError}, whichever copy of the class made it. */
export function isPermanent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && PERMANENT in value;
}

/** Marks a case that the types rule out; reaching it is a bug in this library. */
export function assertNever(value: never): never {
  throw new TypeError(`Bug: unexpected value ${JSON.stringify(value)}`);
}
