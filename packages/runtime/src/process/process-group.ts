/** Processes that lead a group: what they have begun ends with them. */

/**
 * Ends the process that leads a group, and all that it has begun. A group that has ended already is no error.
 */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // EPERM: what is left has ended, and waits to be reaped.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
