/** How much memory a process holds, as Linux tells it. */
import { readFileSync } from 'node:fs';

/**
 * Resident memory of a process in bytes; 0 where the system does not tell (no /proc) or the process is gone.
 */
export function residentBytes(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
