/**
 * A version of a pipeline as it is deployed: everything that a run of it needs but the values of its
 * parameters. Pure.
 */
import type { JsonObject, KTPipelineInput } from '@kube-transform/sdk';
import type { RunRecord } from '../../run-store/run-record.js';
import { deployLabels, LABEL, shortHash, versionName } from './names.js';
import type { ConfigMap } from '../api/objects.js';
import { splitIntoConfigMaps, wholeFile, fileConfigMap } from './config-map-files.js';
import type { RunConfig } from './run-config.js';
import type { ClusterSettings } from './cluster-settings.js';

/** Settings of the runs of a version; the namespace is not among them. */
export type VersionSettings = Omit<ClusterSettings, 'namespace'>;

/** What a version is made of. */
export interface VersionParts {
  /** The document, with refs to parameters. */
  spec: KTPipelineInput;
  /** JSON Schema of the parameters; null where there are none. */
  params: JsonObject | null;
  /** The parameters of a scheduled run; null where some have no default. */
  defaults: JsonObject | null;
  digest: string;
  bundleParts: number;
  /** Without the namespace: that is where the version is found. */
  settings: VersionSettings;
  source: RunRecord['source'];
}

/** A version, named by what it is made of: the same parts have the same name. */
export interface DeployedVersion extends VersionParts {
  pipeline: string;
  version: string;
}

const FILE = 'version.json';

/** Where a version is deployed, and by which project. */
export interface DeployTarget {
  project: string;
  namespace: string;
}

/** Names a version. */
export function versionOf(parts: VersionParts): DeployedVersion {
  const { spec, params, defaults, digest, bundleParts, source } = parts;
  const { namespace, ...settings } = parts.settings as ClusterSettings;
  const all = { pipeline: spec.name, spec, params, defaults, digest, bundleParts, settings, source };
  return { version: shortHash(JSON.stringify(all)), ...all };
}

/** The configuration of a run of a version. */
export function runConfigOf(
  { pipeline, digest, bundleParts, source, version }: DeployedVersion,
  { runId, createdAtMs }: Pick<RunRecord, 'runId' | 'createdAtMs'>,
  settings: ClusterSettings,
): RunConfig {
  return {
    runId,
    pipeline,
    kind: 'new',
    from: null,
    digest,
    bundleParts,
    settings,
    createdAtMs,
    source,
    version,
  };
}

/** The ConfigMaps of a version: one that people can read, or the pieces of a large one. */
export function versionConfigMaps(
  version: DeployedVersion,
  { project, namespace }: DeployTarget,
): ConfigMap[] {
  const { pipeline, digest } = version;
  const text = JSON.stringify(version, null, 1);
  const labels = {
    ...deployLabels(pipeline, project, 'version'),
    [LABEL.version]: version.version,
    [LABEL.bundle]: digest,
  };
  const metadata = (n: number): ConfigMap['metadata'] => ({
    name: versionName(pipeline, version.version, n),
    namespace,
    labels,
  });
  const parts = splitIntoConfigMaps(new Map([[FILE, Buffer.from(text)]])) ?? [];
  if (parts.length === 1)
    return [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(0), immutable: true, data: { [FILE]: text } },
    ];
  return parts.map((part, n) => fileConfigMap(part, metadata(n)));
}

/** A version from its files; undefined where they hold none. */
export function readVersion(files: ReadonlyMap<string, Uint8Array>): DeployedVersion | undefined {
  const bytes = wholeFile(files, FILE);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as DeployedVersion);
}
