/** How a command ends: exit codes, and errors as sentences. */
import { formatProblem, isKtError } from '@kube-transform/sdk';
import type { RunStatus } from '@kube-transform/runtime';
import { coloured, type Output } from './output.js';

/** Exit codes of `kt`. */
export const EXIT = { completed: 0, failed: 1, badInput: 2, unreachable: 3, interrupted: 130 } as const;

const UNREACHABLE = new Set(['STORE_FAILED']);

/** The exit code for how a run ended. */
export function exitCodeOf(status: RunStatus): number {
  if (status === 'Completed') return EXIT.completed;
  return status === 'Interrupted' ? EXIT.interrupted : EXIT.failed;
}

/** Prints an error: problems as sentences; anything else is a bug of ours and keeps its stack. Returns the exit code. */
export function reportError(error: unknown, output: Output): number {
  if (isKtError(error)) {
    const shown = error.problems.slice(0, 50);
    for (const problem of shown) output.err(`${coloured('Failed', 'error')} ${problem.code}  ${formatProblem(problem)}`);
    if (error.problems.length > shown.length) output.err(`… and ${error.problems.length - shown.length} more`);
    return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.badInput;
  }
  output.err(`${coloured('Failed', 'error')} This is a bug in kt: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return 70;
}
