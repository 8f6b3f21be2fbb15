/** What every command is given. */
import type { Output } from '../terminal/output.js';

/** The command line that a command is part of. */
export interface Cli {
  output: Output;
  /** Says how the process is to end; without it a command that returns has completed. */
  exitWith(code: number): void;
}
