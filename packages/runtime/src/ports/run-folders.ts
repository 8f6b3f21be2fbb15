/** The folders of a store in which runs keep what they know; functions neither see nor change them. Pure. */

/** Holds a folder a run. */
export const RUNS_FOLDER = 'kt-metadata';

/** Holds results kept for `cache: true`. */
export const CACHE_FOLDER = `${RUNS_FOLDER}-cache`;

/** Whether a key is one of these folders or below it. A folder so called further down is the user's own. */
export function isOfRuns(key: string): boolean {
  const slash = key.indexOf('/');
  const first = slash < 0 ? key : key.slice(0, slash);
  return first === RUNS_FOLDER || first === CACHE_FOLDER;
}
