/** Signals that end a process, as shells and container runtimes tell them: 128 and the signal's number. */

const SIGNALS: Record<number, string> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' };

/** The signal that an exit code speaks of; null where it is the process's own. */
export const signalOf = (exitCode: number): string | null => SIGNALS[exitCode - 128] ?? null;
