/** What exit codes tell: shells and container runtimes add 128 to the number of a signal. */

const SIGNALS: Record<number, string> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' };

/** The signal that an exit code speaks of; null where it is the process's own. */
export const signalOf = (exitCode: number): string | null => SIGNALS[exitCode - 128] ?? null;

/**
 * `with exit code 3`, `by SIGTERM (exit code 143)`. Who was killed for memory may be told without that word:
 * a node does not always see what its kernel did.
 */
export function endedHow(exitCode: number | null, signal: string | null): string {
  const code = `exit code ${exitCode ?? '?'}`;
  if (signal === null) return `with ${code}`;
  return `by ${signal} (${code}${signal === 'SIGKILL' ? ', most often for lack of memory' : ''})`;
}
