/**
 * A version of a pipeline as it is deployed: everything that a run of it needs but the values of its
 * parameters. Pure.
 */
import { type JsonObject, type KTPipelineInput, parsePipeline } from '@kube-transform/sdk';
import { Format } from '../../parse/format.js';
import { count, Mismatch, nullOr, object, optional, record, type Shape, text } from '../../parse/shapes.js';
import { type RunRecord, SOURCE } from '../../run-store/run-record.js';
import { bundleRef, type BundleRef, deployLabels, LABEL, shortHash, versionName } from './names.js';
import type { ConfigMap } from '../api/objects.js';
import { splitIntoConfigMaps, wholeFile, fileConfigMap } from './config-map-files.js';
import type { RunConfig } from './run-config.js';
import { type ClusterSettings, SETTINGS_FIELDS } from './cluster-settings.js';

/** Settings of the runs of a version; the namespace is not among them. */
export type VersionSettings = Omit<ClusterSettings, 'namespace'>;

/** What a version is made of. */
export interface VersionParts extends BundleRef {
  /** The document, with refs to parameters. */
  spec: KTPipelineInput;
  /** JSON Schema of the parameters; null where there are none. */
  params: JsonObject | null;
  /** The parameters of a scheduled run; null where some have no default. */
  defaults: JsonObject | null;
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

/** A document as it is: what is filled in when a run is made of it is not kept. */
const DOCUMENT: Shape<KTPipelineInput> = value => {
  const parsed = parsePipeline(value);
  if (!parsed.ok) throw new Mismatch(parsed.problems.map(({ message }) => message).join(' '));
  return value as KTPipelineInput;
};

/** `version.json`. It does not say which kt wrote it: the same parts are the same bytes. */
export const VERSION_FORMAT = new Format<DeployedVersion>({
  name: 'deployed version',
  code: 'BAD_VERSION',
  hint: 'Deploy it again: kt deploy.',
  shape: record<DeployedVersion>({
    pipeline: text,
    version: text,
    spec: DOCUMENT,
    params: nullOr(object),
    defaults: nullOr(object),
    digest: text,
    bundleParts: count,
    codeParts: optional(count),
    settings: record<VersionSettings>(SETTINGS_FIELDS),
    source: SOURCE,
  }),
});

/** Where a version is deployed, and by which project. */
export interface DeployTarget {
  project: string;
  namespace: string;
}

/** Names a version. */
export function versionOf(parts: VersionParts): DeployedVersion {
  const { spec, params, defaults, source } = parts;
  const { namespace, ...settings } = parts.settings as ClusterSettings;
  const all = { pipeline: spec.name, spec, params, defaults, ...bundleRef(parts), settings, source };
  return { version: shortHash(JSON.stringify(all)), ...all };
}

/** The configuration of a run of a version. */
export function runConfigOf(
  deployed: DeployedVersion,
  { runId, createdAtMs }: Pick<RunRecord, 'runId' | 'createdAtMs'>,
  settings: ClusterSettings,
): RunConfig {
  const { pipeline, source, version } = deployed;
  return {
    runId,
    pipeline,
    kind: 'new',
    from: null,
    ...bundleRef(deployed),
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
  const body = JSON.stringify(VERSION_FORMAT.stamped(version), null, 1);
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
  const parts = splitIntoConfigMaps(new Map([[FILE, Buffer.from(body)]])) ?? [];
  if (parts.length === 1)
    return [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(0), immutable: true, data: { [FILE]: body } },
    ];
  return parts.map((part, n) => fileConfigMap(part, metadata(n)));
}

/**
 * A version from its files, which lie `where`; undefined where they hold none.
 *
 * @throws KtError `NEWER_FORMAT`, `BAD_VERSION`.
 */
export function readVersion(
  files: ReadonlyMap<string, Uint8Array>,
  where: string,
): DeployedVersion | undefined {
  const bytes = wholeFile(files, FILE);
  return bytes === undefined ? undefined : VERSION_FORMAT.parse(bytes, where);
}
