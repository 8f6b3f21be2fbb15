/** How much memory a process holds, as Linux tells it. */

// Its exports as a module load all streams: a worker's start is not slowed.
const { readFileSync } = process.getBuiltinModule('node:fs');

/**
 * Resident memory of a process in bytes; 0 where the system does not tell (no /proc) or the process is gone.
 * `what`: all of it, or only what is not of files, which leaves out the program itself.
 */
export function residentBytes(pid: number | 'self' | undefined, what: 'VmRSS' | 'RssAnon' = 'VmRSS'): number {
  if (pid === undefined) return 0;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
