/** What runs are called, and where a run keeps what: the one place that knows the keys. */
import type { Origin } from '../parse/parse-json.js';
import type { Clock } from '../ports/index.js';
import { CACHE_FOLDER, RUNS_FOLDER } from '../ports/run-folders.js';

/**
 * What a run id may look like: 1 to 100 characters of `a-z`, `0-9`, "-" and ".", a letter or digit at both
 * ends.
 */
export const RUN_ID = /^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$/;

/** How the ids of a pipeline's runs begin. */
export const readableName = (pipeline: string): string =>
  pipeline
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40) || 'run';

/** A run id that sorts by time: `<pipeline>-<yyyymmdd-hhmmss>-<random>`. */
export function makeRunId(pipeline: string, clock: Clock): string {
  const name = readableName(pipeline);
  // eslint-disable-next-line no-restricted-globals -- a moment as text; none is asked for
  const time = new Date(clock.nowMs())
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  return `${name}-${time}-${clock.randomId(4)}`;
}

/** 53-bit hash of a text, base 36. Formula: FNV-1a, twice with different offsets. */
function shortHash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x01000193) ^ (a >>> 7);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

/** A job's name as a folder: itself where that is safe, else a readable part and a hash. */
export function jobFolder(job: string): string {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(job)
    ? job
    : `${job.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60)}~${shortHash(job)}`;
}

/** What is said of a file of a run that is broken. */
export const RUN_FILE = {
  name: 'run',
  code: 'BAD_RUN',
  hint: 'Restore the file, or delete the folder of the run.',
} as const;

/** A run as hints name it: a folder that is called otherwise than runs are is no word for a shell. */
export const runInHints = (runId = ''): string => (RUN_ID.test(runId) ? runId : 'RUN');

/** What is said of a file of a run that repairing may mend. */
export function originOf(file: string): Origin {
  const runId = runInHints(file.split('/')[1]);
  return {
    ...RUN_FILE,
    file,
    hint: `Restore the file, or go back to what is whole: kt verify ${runId}, then kt repair ${runId}.`,
  };
}

const digits = (n: number, width: number): string => String(n).padStart(width, '0');

/** Prefix of all that is kept of runs. */
export const runsPrefix = `${RUNS_FOLDER}/`;
export const cacheKey = (hash: string): string => `${CACHE_FOLDER}/${hash.slice(0, 2)}/${hash}.json`;
/** Folder of a run, without a "/" at its end. */
export const runFolder = (runId: string): string => `${RUNS_FOLDER}/${runId}`;
export const specKey = (runId: string): string => `${runFolder(runId)}/spec.json`;
export const summaryKey = (runId: string): string => `${runFolder(runId)}/pipeline_run_state.json`;
export const leaseKey = (runId: string): string => `${runFolder(runId)}/lease.json`;
export const hintsKey = (runId: string): string => `${runFolder(runId)}/controller.json`;
/** Prefix of the segments of a run's journal. */
export const journalPrefix = (runId: string): string => `${runFolder(runId)}/journal/`;
export const jobPrefix = (runId: string, job: string): string =>
  `${runFolder(runId)}/jobs/${jobFolder(job)}/`;
export const jobKey = (runId: string, job: string): string => `${jobPrefix(runId, job)}job.json`;
export const itemsKey = (runId: string, job: string): string => `${jobPrefix(runId, job)}items.jsonl`;
/** Prefix of the segments of a job's results, or of those of one pod. */
export const resultsPrefix = (runId: string, job: string, pod?: number): string =>
  `${jobPrefix(runId, job)}results/${pod === undefined ? '' : `${digits(pod, 6)}/`}`;
/** Prefix of the segments of what a job's items printed, or those of one pod. */
export const logsPrefix = (runId: string, job: string, pod?: number): string =>
  `${jobPrefix(runId, job)}logs/${pod === undefined ? '' : `${digits(pod, 6)}/`}`;
/** Prefix of the copies of a job's results, many of them in each. */
export const packsPrefix = (runId: string, job: string): string => `${jobPrefix(runId, job)}packs/`;
export const segmentName = (n: number): string => `${digits(n, 8)}.jsonl`;

/** What stands between a prefix and the number of a segment: the folder of a pod, or nothing. */
const SEGMENT = /^((?:\d{6,}\/)?)(\d{8,})\.jsonl$/;

/**
 * The log that a key below a prefix belongs to, and its number there; null for what is no segment: files of
 * strangers, backups of editors.
 */
export function segmentOf(key: string, prefix: string): { log: string; number: number } | null {
  const [, pod, number] = SEGMENT.exec(key.slice(prefix.length)) ?? [];
  return pod === undefined || Number(number) === 0 ? null : { log: prefix + pod, number: Number(number) };
}

/** What a run keeps beside its logs, below its folder. */
const OWN =
  /^(?:(?:spec|pipeline_run_state|lease|controller)\.json|jobs\/[^/]+\/(?:job\.json|items\.jsonl|packs\/[-\d]+))$/;
const OWN_LOG = /^(?:journal|jobs\/[^/]+\/(?:results|logs))\//;

/** Whether a run has made a key of its folder; what else lies there is of strangers. */
export function isOfRun(key: string, runId: string): boolean {
  const below = key.slice(runFolder(runId).length + 1);
  const log = OWN_LOG.exec(below)?.[0];
  return log === undefined ? OWN.test(below) : segmentOf(below, log) !== null;
}
