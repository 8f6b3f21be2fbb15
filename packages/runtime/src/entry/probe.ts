/**
 * A pod that looks around for `kt doctor`: whether the store can be written and read, the time, the version
 * of Node, whether the packages outside its bundle can be loaded.
 */
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../parse/thrown.js';
import { printLine } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { PROBE_REPORT, type ProbeReport } from '../kubernetes/manifests/probe-job.js';
import { openStore } from '../open-store.js';
import { loadPackages } from './load-packages.js';

/** Looks around and prints a {@link ProbeReport}; the exit code. */
export async function printProbe(store: string): Promise<number> {
  const report: ProbeReport = {
    node: process.versions.node,
    nowMs: systemClock.nowMs(),
    storeProblem: await storeProblem(store),
    packages: await loadPackages(fileURLToPath(new URL('.', import.meta.url)), tmpdir()),
  };
  printLine(PROBE_REPORT.stamped(report));
  return 0;
}

async function storeProblem(url: string): Promise<string | null> {
  const key = `kt-metadata/.doctor-${systemClock.randomId(8)}`;
  const text = systemClock.randomId(20);
  try {
    const store = await openStore(url);
    await store.put(key, new TextEncoder().encode(text));
    const read = new TextDecoder().decode(await store.get(key));
    await store.delete([key]);
    return read === text ? null : 'what was written is not what is read';
  } catch (error) {
    return messageOf(error);
  }
}
