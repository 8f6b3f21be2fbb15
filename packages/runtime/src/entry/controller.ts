/*
 * The entry of pods that run no code of users: the controller of a run, or a side job.
 *
 * - Exit 0: what was to be done is done, or another controller does it. 78: another pod of the same code
 *   would not get further, or the run has not completed. Else: begun again.
 */
import { writeFile } from 'node:fs/promises';
import { isKtError } from '@kube-transform/sdk';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import { runVolumePod } from '../kubernetes/files/volume-pod.js';
import { openStore } from '../open-store.js';
import { messageOf } from '../parse/thrown.js';
import { printLog } from '../process/standard-output.js';
import { BEYOND_RETRY } from './beyond-retry.js';
import { printProbe } from './probe.js';
import { printPage } from './reader.js';
import { controlRun } from './run-controller.js';
import { beginScheduledRun } from './scheduled-run.js';

/**
 * What is done instead of driving a run, by the variable of the environment that asks for it; gives exit
 * codes.
 */
const SIDE_JOBS: Readonly<Record<string, (asked: string) => Promise<number>>> = {
  /** Reads what the store holds of a run, for somebody who cannot reach the store. */
  KT_READ: printPage,
  /** Looks around for `kt doctor`. */
  KT_PROBE: printProbe,
  /** Has a volume, for somebody who cannot reach it. */
  KT_FILES: url => {
    process.on('SIGTERM', () => process.exit(EXIT_CODE.stopped));
    return runVolumePod(() => openStore(url));
  },
  /** Begins a run of a schedule. */
  KT_LAUNCH: beginScheduledRun,
};

/**
 * Drives the run that the environment names, or does the side job that it asks for, and ends the process.
 * `digest` is that of the bundle this file is part of.
 */
export async function startController(digest: string): Promise<never> {
  let code: number;
  try {
    const [name, doIt] = Object.entries(SIDE_JOBS).find(([key]) => process.env[key] !== undefined) ?? [];
    code = await (name === undefined || doIt === undefined
      ? controlRun(digest)
      : doIt(process.env[name] ?? ''));
  } catch (error) {
    printLog('error', messageOf(error));
    // What Kubernetes keeps of a pod that has ended: `kt status` shows it.
    const file = process.env['KT_TERMINATION'] ?? '/dev/termination-log';
    await writeFile(file, messageOf(error)).catch(() => undefined);
    code = isKtError(error) && BEYOND_RETRY.has(error.code) ? EXIT_CODE.failed : EXIT_CODE.broken;
  }
  process.exit(code);
}
