/**
 * A pod that looks around for `kt doctor`: what can be done with the store, the time, the version
 * of Node, whether the packages outside its bundle can be loaded.
 */
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { printLine } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { PROBE_REPORT, type ProbeReport } from '../kubernetes/manifests/probe-job.js';
import { openStore } from '../open-store.js';
import { tryStore } from '../stores/try-store.js';
import { loadPackages } from './load-packages.js';

/** Looks around and prints a {@link ProbeReport}; the exit code. */
export async function printProbe(store: string): Promise<number> {
  // Whoever asked has gone: what the trial made goes too.
  const leaving = new AbortController();
  process.once('SIGTERM', () => leaving.abort());
  const report: ProbeReport = {
    node: process.versions.node,
    nowMs: systemClock.nowMs(),
    store: await tryStore(() => openStore(store, { isTried: true }), {
      clock: systemClock,
      signal: leaving.signal,
    }),
    packages: await loadPackages(fileURLToPath(new URL('.', import.meta.url)), tmpdir()),
  };
  printLine(PROBE_REPORT.stamped(report));
  return 0;
}
