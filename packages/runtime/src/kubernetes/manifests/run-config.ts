/**
 * What a controller is told of its run: `run.json` in the run's ConfigMap, and the record of a new run in
 * ConfigMaps beside it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Format } from '../../parse/format.js';
import { broken } from '../../parse/parse-json.js';
import { count, list, nullOr, number, oneOf, optional, record, text } from '../../parse/shapes.js';
import { RUN_RECORD, type RunRecord, SOURCE } from '../../run-store/run-record.js';
import type { ConfigMap } from '../api/objects.js';
import { wholeFile } from './config-map-files.js';
import { CLUSTER_SETTINGS, type ClusterSettings } from './cluster-settings.js';
import { ANNOTATION, type BundleRef, LABEL, runLabels, runName } from './names.js';

/** `run.json`. */
export interface RunConfig extends BundleRef {
  runId: string;
  pipeline: string;
  /** new: the record is beside this; retry: it repeats what failed in `from`. */
  kind: 'new' | 'retry';
  from: string | null;
  /** Of a retry: steps that are forced, beside those of `from`. Default none. */
  force?: string[];
  settings: ClusterSettings;
  createdAtMs: number;
  /** Where the functions came from, for `kt retry`; see `RunRecord`. */
  source: RunRecord['source'];
  /** The deployed version that it is a run of. */
  version?: string;
  /** The CronJob that began it. */
  schedule?: string;
  /** The most memory that a step beside the controller has. Default: there are none. */
  besideMemory?: string;
  /** Digest of what was asked for with a key, which names the run. */
  request?: string;
}

/** Keys of the run's ConfigMap. */
export const RUN_KEY = {
  config: 'run.json',
  summary: 'summary',
  cancel: 'cancel',
  /** The uid of the controller's pod that drives it, and how many have claimed it by then. */
  controller: 'controller',
  epoch: 'epoch',
} as const;
const RECORD = 'record.json.gz';

/** What is said of a run whose ConfigMaps are broken. */
const RUN_CONFIG_MAP = {
  name: 'run',
  code: 'BAD_RUN',
  hint: 'Somebody changed it: begin the run anew, or delete it with kubectl delete configmap.',
} as const;

/** `run.json`. */
export const RUN_CONFIG = new Format<RunConfig>({
  ...RUN_CONFIG_MAP,
  isSigned: true,
  shape: record<RunConfig>({
    runId: text,
    pipeline: text,
    kind: oneOf('new', 'retry'),
    from: nullOr(text),
    force: optional(list(text)),
    digest: text,
    bundleParts: count,
    codeParts: optional(count),
    settings: CLUSTER_SETTINGS,
    createdAtMs: number,
    source: SOURCE,
    version: optional(text),
    schedule: optional(text),
    besideMemory: optional(text),
    request: optional(text),
  }),
});

/** Where a key of a ConfigMap is, for messages. */
export const keyIn = ({ metadata }: ConfigMap, key: string): string => `configmap/${metadata.name} ${key}`;

/** `run.json` of a ConfigMap; null where it is none of a run. @throws KtError `NEWER_FORMAT`, `BAD_RUN`. */
export function readRunConfig(object: ConfigMap): RunConfig | null {
  const found = object.data?.[RUN_KEY.config];
  return found === undefined ? null : RUN_CONFIG.parse(found, keyIn(object, RUN_KEY.config));
}

/** The record of a run as files. */
export const recordFiles = (record: RunRecord): Map<string, Uint8Array> =>
  new Map([[RECORD, gzipSync(RUN_RECORD.text(record))]]);

/** The files of a folder into which ConfigMaps are mounted. */
export async function readMounted(dir: string): Promise<Map<string, Uint8Array>> {
  // Beside the files are links of Kubernetes' own, whose names begin with "..".
  const names = (await readdir(dir)).filter(name => !name.startsWith('.'));
  return new Map(
    await Promise.all(names.map(async name => [name, await readFile(join(dir, name))] as const)),
  );
}

/**
 * The record of a run from the folder into which its ConfigMaps are mounted.
 *
 * @throws KtError `NEWER_FORMAT`, `BAD_RUN`.
 */
export async function readRecordFiles(dir: string): Promise<RunRecord> {
  const packed = wholeFile(await readMounted(dir), RECORD) ?? new Uint8Array();
  const file = join(dir, RECORD);
  let body: Uint8Array;
  try {
    body = gunzipSync(packed);
  } catch (cause) {
    throw broken({ ...RUN_CONFIG_MAP, file }, (cause as Error).message, { cause });
  }
  return RUN_RECORD.parse(body, file);
}

/** The ConfigMap of a run. */
export function runConfigMap(run: {
  runId: string;
  pipeline: string;
  namespace: string;
  digest: string;
  data: Record<string, string>;
}): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: runName(run.runId),
      namespace: run.namespace,
      labels: { ...runLabels(run.runId, run.pipeline, 'run'), [LABEL.bundle]: run.digest },
      annotations: { [ANNOTATION.runId]: run.runId },
    },
    data: run.data,
  };
}
