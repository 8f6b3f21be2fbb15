/** How a command ends: exit codes, and errors as sentences. */
import type { KtError } from '@kube-transform/sdk';
import type { RunStatus } from '@kube-transform/runtime';
import { coloured, type Output } from './output.js';

/** Exit codes of `kt`. */
export const EXIT = {
  /** What was asked for is done; of a run: it has completed. */
  completed: 0,
  failed: 1,
  badInput: 2,
  unreachable: 3,
  bug: 70,
  /** The run can be resumed. */
  interrupted: 130,
  /** Nobody read what was printed: 128 and the number of SIGPIPE, as other programs end. */
  unread: 141,
} as const;

const UNREACHABLE = new Set([
  'STORE_FAILED',
  'PREFLIGHT_FAILED',
  'CONTROLLER_FAILED',
  'REGISTRY_UNREACHABLE',
  'CLUSTER_UNREACHABLE',
  'CLUSTER_FAILED',
  'CLUSTER_BUSY',
  'SERVER_UNREACHABLE',
]);
const SHOWN = 50;

/** The exit code for how a run ended. */
export function exitCodeOf(status: RunStatus): number {
  if (status === 'Completed') return EXIT.completed;
  return status === 'Interrupted' ? EXIT.interrupted : EXIT.failed;
}

/**
 * Prints an error: problems as sentences; anything else is a bug of ours and keeps its stack. Resolves to the
 * exit code.
 */
export async function reportError(error: unknown, output: Output): Promise<number> {
  const { isKtError } = await import('@kube-transform/sdk');
  if (isKtError(error)) {
    await printProblems(error.problems, output);
    return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.badInput;
  }
  const { threw } = await import('@kube-transform/runtime/internal');
  const { stack, message } = threw(error);
  output.err(`${coloured('Failed', 'error')} This is a bug in kt: ${stack ?? message}`);
  return EXIT.bug;
}

/** Prints problems, each as a sentence; the first fifty. */
export async function printProblems(problems: KtError['problems'], output: Output): Promise<void> {
  const { formatProblem } = await import('@kube-transform/sdk');
  for (const problem of problems.slice(0, SHOWN))
    output.err(`${coloured('Failed', 'error')} ${problem.code}  ${formatProblem(problem)}`);
  if (problems.length > SHOWN) output.err(`… and ${problems.length - SHOWN} more`);
}
