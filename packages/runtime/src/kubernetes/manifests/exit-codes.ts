/*
 * How the processes in pods end: one table, of which the rules of their Jobs are made.
 *
 * - The pod of a step. 0: all its items have a result. 78: all are decided, some failed for good; 79: and the
 *   job stops at the first. 74: the store failed. 75: something else it cannot do without. 76: it ended with
 *   items undone, as if all were well. 77: its code is not that of the run, or too old for it. 143: told to
 *   stop. Anything else is the end that a function made, or the system.
 * - The controller of a run. 0: the run has completed, or another controller drives it. 78: the run has not
 *   completed, or this code cannot drive it. 75, 143 (told to stop): its Job begins another.
 * - The launcher of a schedule. 0: a run was begun, or none was to be. 78: this code cannot. 75: begun again.
 * - The reader and the probe. 0: what was asked for is printed. 1: nobody reads it. 143: told to stop.
 * - A worker of a pool tells its driver what came of a pod. 75: it could not begin.
 *
 * The command line has a table of its own: `cli/terminal/exit.ts`.
 */

/** Exit codes of processes in pods that the rules of their Jobs know. */
export const EXIT_CODE = {
  /**
   * Some items failed for good: another pod cannot help. For a controller: the run cannot be driven by it.
   */
  failed: 78,
  /** An item failed for good and the job is to stop at the first: all its pods end. */
  abort: 79,
  /** The store failed, a full volume too: another pod may help, and be it after minutes. */
  unstored: 74,
  /** Something else that it cannot do without failed; for controllers the store too. Another may help. */
  broken: 75,
  /** The process ended as if all were well, before its pod was done. */
  early: 76,
  /** The code is not that of the run, or too old for it: no pod can help, and the step fails. */
  unfit: 77,
  /** Nobody reads what is printed: asked for again. */
  unread: 1,
  /** Told to stop by SIGTERM. */
  stopped: 143,
} as const;
