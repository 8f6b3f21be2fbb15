/** What a view is shown on: where text goes, in which form, and what tells of Ctrl-C. */
import type { Signals } from '../terminal/interrupt.js';
import type { Output } from '../terminal/output.js';

/** Where a view is shown. */
export interface Screen {
  output: Output;
  /** JSON instead of text. */
  json: boolean;
  signals: Signals;
}
