/** Starts runs of a store: a new one, or one that goes on. */
import { KtError } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import { readStateFile, writeRecord } from '@kube-transform/runtime/internal';
import { makeRun, noteChange, type RunRequest, loadStored } from '../../pipeline/make-run.js';
import type { DriveOptions, StartedRun } from '../backend.js';
import { startedRun } from './drive-run.js';
import { forcesNothing } from '../refusals.js';
import { findRun } from './find-runs.js';
import { shellWord } from '../../terminal/plain-text.js';

/** Makes and stores a new run. @throws KtError for every mistake in what was typed, `RUN_EXISTS`. */
export async function beginRun(
  store: FileStore,
  request: RunRequest,
  options: DriveOptions = {},
): Promise<StartedRun> {
  const { record, loaded } = await makeRun(request);
  if (!(await writeRecord(store, record))) {
    throw new KtError({
      code: 'RUN_EXISTS',
      path: '--run-id',
      message: `There is a run "${record.runId}" already.`,
      hint: `Go on with it: kt run --resume ${shellWord(record.runId)}`,
    });
  }
  return startedRun({ record, loaded, store, resumed: false }, options);
}

/** Which run goes on, and how. */
export interface ResumeOptions extends DriveOptions {
  /** Its id, the beginning of its id, or `latest`. */
  resume: string;
  /** Told when the functions are not those that it began with. */
  note: (text: string) => void;
}

/** Loads a stored run to go on with it. @throws KtError where there is none, or parameters were typed. */
export async function resumeRun(
  store: FileStore,
  { typed, rest, pairs, functions, force }: RunRequest,
  { resume, note, ...options }: ResumeOptions,
): Promise<StartedRun> {
  if (typed !== undefined || rest.length + pairs.length > 0) {
    const [first = ''] = [typed, ...rest, ...pairs].filter(word => word !== undefined);
    throw new KtError({
      code: 'UNEXPECTED_ARGUMENT',
      path: '--resume',
      message: `"${first}" is not expected here: a run goes on with what it was given.`,
      hint: 'Leave it out, or begin a new run without --resume.',
    });
  }
  if (force !== undefined) throw forcesNothing(resume);
  const record = await findRun(store, resume);
  const { runId, source } = record;
  const loaded = await loadStored(store, record, { how: 'resume', functions });
  if ((await readStateFile(store, runId)) !== null)
    noteChange(runId, { began: source?.digest, loaded }, note);
  return startedRun({ record, loaded, store, resumed: true }, options);
}
