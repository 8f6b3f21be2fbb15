/** Exit codes of workers and controllers that the rules of their Jobs know. */
export const EXIT_CODE = {
  /**
   * Some items failed for good: another pod cannot help. For a controller: the run cannot be driven by it.
   */
  failed: 78,
  /** An item failed for good and the job is to stop at the first: all its pods end. */
  abort: 79,
  /** The store or the bundle failed: another pod may help. */
  broken: 75,
  /** The process ended as if all were well, before its pod was done. */
  early: 76,
  /** Told to stop by SIGTERM. */
  stopped: 143,
} as const;
