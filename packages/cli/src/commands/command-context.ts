/** What every command is given. */
import type { RunBackend } from '../backends/backend.js';
import type { FallbackOptions } from '../backends/fallback-backend.js';
import type { WhereOptions } from '../open-backend.js';
import type { Signals } from '../terminal/interrupt.js';
import type { Output } from '../terminal/output.js';

/** What the command line stands on beside its output, where that is not what a process has. */
export interface Surroundings {
  /** What tells of Ctrl-C. Default: the process. */
  signals?: Signals;
  /** Opens the backend that is meant. */
  openBackend?: (where: WhereOptions, options: FallbackOptions) => Promise<RunBackend>;
}

/** The command line that a command is part of. */
export interface Cli {
  output: Output;
  signals: Signals;
  /** Says how the process is to end; without it a command that returns has completed. */
  exitWith(code: number): void;
  /** Opens the backend that is meant, uses it and closes it. */
  withBackend<T>(where: WhereOptions, use: (backend: RunBackend) => Promise<T>): Promise<T>;
}
