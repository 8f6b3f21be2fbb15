/** The record of a run: what it was made of, in `spec.json`, which never changes. */
import { graphProblems, type JsonObject, type KTPipeline, type KTSchedule } from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import {
  flag,
  list,
  Mismatch,
  nullOr,
  number,
  object,
  oneOf,
  optional,
  record,
  text,
} from '../parse/shapes.js';
import { JOB } from '../parse/stored-job.js';
import { RUN_FILE, specKey } from './layout.js';
import type { FileStore } from '../ports/index.js';
import { readDocument } from './read-document.js';

/** `spec.json` of a run. */
export interface RunRecord {
  runId: string;
  pipeline: KTPipeline;
  params: JsonObject;
  createdAtMs: number;
  /**
   * Where the functions came from, for resuming: module paths relative to the folder where `kt` ran, and the
   * bundle's digest.
   */
  source: { pipeline: string | null; functions: string[]; digest: string } | null;
  /** The run of which this one repeats what failed. */
  retryOf: string | null;
  /** Steps that run, with all that depends on them, whatever was made or kept before. Default none. */
  forced?: string[];
}

const encoder = new TextEncoder();

const SCHEDULE = record<KTSchedule>({
  cron: text,
  timeZone: nullOr(text),
  concurrencyPolicy: oneOf('Forbid', 'Allow', 'Replace'),
  startingDeadline: nullOr(text),
  suspend: flag,
});
const PIPELINE = record<KTPipeline>({ name: text, jobs: list(JOB), schedules: list(SCHEDULE) });

/** The shape of where functions came from. */
export const SOURCE = nullOr(
  record<NonNullable<RunRecord['source']>>({ pipeline: nullOr(text), functions: list(text), digest: text }),
);

/** `spec.json`. Its number counts for the journal of the run too. */
export const RUN_RECORD = new Format<RunRecord>({
  ...RUN_FILE,
  isSigned: true,
  latest: 2,
  shape: record<RunRecord>({
    runId: text,
    pipeline: value => {
      const pipeline = PIPELINE(value);
      const [problem] = graphProblems(pipeline.jobs);
      if (problem !== undefined) throw new Mismatch(problem.message);
      return pipeline;
    },
    params: object,
    createdAtMs: number,
    source: SOURCE,
    retryOf: nullOr(text),
    forced: optional(list(text)),
  }),
});

/**
 * Reads what a run was made of; null where there is no such run.
 *
 * @throws KtError `BAD_RUN` where the file is broken, `NEWER_FORMAT` where a newer version wrote it.
 *
 * @example
 * ```ts
 * await readRecord(memoryFileStore(), 'nobody'); // → null
 * ```
 */
export const readRecord = (store: FileStore, runId: string): Promise<RunRecord | null> =>
  readDocument(store, specKey(runId), RUN_RECORD);

/** Writes `spec.json`; false where the run exists already. */
export async function writeRecord(store: FileStore, record: RunRecord): Promise<boolean> {
  const bytes = encoder.encode(RUN_RECORD.text(record));
  return (await store.put(specKey(record.runId), bytes, { ifAbsent: true })) !== null;
}
