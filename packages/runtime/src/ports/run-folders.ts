/** The folders of a store in which runs keep what they know; functions neither see nor change them. Pure. */

/** Holds a folder a run. */
export const RUNS_FOLDER = 'kt-metadata';

/** Holds results kept for `cache: true`. */
export const CACHE_FOLDER = `${RUNS_FOLDER}-cache`;

/** Files of a run that others make up for: where it stands, who drives it, where hints are heard. */
const RETOLD: ReadonlySet<string> = new Set(['pipeline_run_state.json', 'lease.json', 'controller.json']);

/**
 * Whether what a key holds may be as it was before a power cut, after one. It is whole all the same; the
 * journal tells what has happened since.
 */
export function mayBeOld(key: string): boolean {
  const [folder, , name = '', ...below] = key.split('/');
  return folder === RUNS_FOLDER && below.length === 0 && RETOLD.has(name);
}

/** Whether a key is one of these folders or below it. A folder so called further down is the user's own. */
export function isOfRuns(key: string): boolean {
  const slash = key.indexOf('/');
  const first = slash < 0 ? key : key.slice(0, slash);
  return first === RUNS_FOLDER || first === CACHE_FOLDER;
}
