/** What a controller is told of its run: `run.json` in the run's ConfigMap, and the record of a new run in ConfigMaps beside it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunRecord } from '../run-record.js';
import { pieceName } from './parcels.js';
import type { ClusterSettings } from './settings.js';

/** `run.json`. */
export interface RunConfig {
  runId: string;
  pipeline: string;
  /** new: the record is beside this; retry: it repeats what failed in `from`. */
  kind: 'new' | 'retry';
  from: string | null;
  digest: string;
  bundleParts: number;
  settings: ClusterSettings;
  createdAtMs: number;
  /** Where the functions came from, for `kt retry`; see `RunRecord`. */
  source: RunRecord['source'];
}

/** Keys of the run's ConfigMap. */
export const RUN_KEY = { config: 'run.json', summary: 'summary', cancel: 'cancel', controller: 'controller' } as const;
const RECORD = 'record.json.gz';

/** The record of a run as files. */
export const recordFiles = (record: RunRecord): Map<string, Uint8Array> => new Map([[RECORD, gzipSync(JSON.stringify(record))]]);

/** The record of a run from the folder into which its ConfigMaps are mounted. */
export async function readRecordFiles(dir: string): Promise<RunRecord> {
  const names = await readdir(dir);
  const pieces = names.includes(RECORD) ? [RECORD] : names.filter(name => name.startsWith(pieceName(RECORD, 0).slice(0, -3))).sort();
  const bytes = Buffer.concat(await Promise.all(pieces.map(name => readFile(join(dir, name)))));
  return JSON.parse(gunzipSync(bytes).toString()) as RunRecord;
}
