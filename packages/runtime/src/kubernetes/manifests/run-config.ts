/**
 * What a controller is told of its run: `run.json` in the run's ConfigMap, and the record of a new run in
 * ConfigMaps beside it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunRecord } from '../../run-store/run-record.js';
import { wholeFile } from './config-map-files.js';
import type { ClusterSettings } from './cluster-settings.js';

/** `run.json`. */
export interface RunConfig {
  runId: string;
  pipeline: string;
  /** new: the record is beside this; retry: it repeats what failed in `from`. */
  kind: 'new' | 'retry';
  from: string | null;
  digest: string;
  /** ConfigMaps of the bundle; 0 where the image has it. */
  bundleParts: number;
  settings: ClusterSettings;
  createdAtMs: number;
  /** Where the functions came from, for `kt retry`; see `RunRecord`. */
  source: RunRecord['source'];
  /** The deployed version that it is a run of. */
  version?: string;
  /** The CronJob that began it. */
  schedule?: string;
}

/** Keys of the run's ConfigMap. */
export const RUN_KEY = {
  config: 'run.json',
  summary: 'summary',
  cancel: 'cancel',
  controller: 'controller',
} as const;
const RECORD = 'record.json.gz';

/** The record of a run as files. */
export const recordFiles = (record: RunRecord): Map<string, Uint8Array> =>
  new Map([[RECORD, gzipSync(JSON.stringify(record))]]);

/** The files of a folder into which ConfigMaps are mounted. */
export async function readMounted(dir: string): Promise<Map<string, Uint8Array>> {
  // Beside the files are links of Kubernetes' own, whose names begin with "..".
  const names = (await readdir(dir)).filter(name => !name.startsWith('.'));
  return new Map(
    await Promise.all(names.map(async name => [name, await readFile(join(dir, name))] as const)),
  );
}

/** The record of a run from the folder into which its ConfigMaps are mounted. */
export async function readRecordFiles(dir: string): Promise<RunRecord> {
  const bytes = wholeFile(await readMounted(dir), RECORD);
  return JSON.parse(gunzipSync(bytes ?? new Uint8Array()).toString()) as RunRecord;
}
