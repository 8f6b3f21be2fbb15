/** Makes the version of a pipeline that is deployed: everything that its runs need but their parameters. */
import {
  isPipeline,
  type JsonObject,
  KtError,
  omitUndefined,
  parsePipeline,
  type Pipeline,
} from '@kube-transform/sdk';
import {
  asJson,
  bindParams,
  refuseNoImage,
  withDefaults,
  withImages,
} from '@kube-transform/runtime/internal';
import { type ClusterSettings, type DeployedVersion, versionOf } from '@kube-transform/runtime/kubernetes';
import { type PublishedBundle, refOf } from '../delivery/delivery.js';
import type { LoadedPipeline } from '../pipeline/load-pipeline.js';
import { CHANGED, changedParams, paramSchema } from '../pipeline/param-schema.js';

/** How a version runs. */
export interface VersionFrame {
  settings: ClusterSettings;
  published: Omit<PublishedBundle, 'isNew'>;
  /** What steps have where they say nothing. */
  defaults: Parameters<typeof withDefaults>[1];
  /** Image of container steps that name none. Default: none, and such a step is refused. */
  containerImage?: string | undefined;
}

/**
 * Makes a version.
 *
 * @throws KtError with everything that is wrong with the document; `PARAM_WITHOUT_DEFAULT` for a schedule
 * whose runs would lack a parameter.
 */
export async function makeVersion(
  { pipeline, source }: Pick<LoadedPipeline, 'pipeline' | 'source'>,
  { settings, published, defaults, containerImage }: VersionFrame,
): Promise<DeployedVersion> {
  const written = withDefaults(isPipeline(pipeline) ? pipeline.toSpec() : pipeline, defaults);
  const spec = await withImages(written, () => Promise.resolve(containerImage));
  const values = isPipeline(pipeline) ? await defaultParams(pipeline) : {};
  const parsed = parsePipeline(spec);
  if (!parsed.ok) throw new KtError(parsed.problems);
  refuseNoImage(parsed.value);
  if (values === null && parsed.value.schedules.length > 0) {
    throw new KtError({
      code: 'PARAM_WITHOUT_DEFAULT',
      path: `${spec.name} schedule`,
      message: `Pipeline "${spec.name}" has a schedule, and a parameter without a default: a scheduled run would lack it.`,
      hint: 'Give every parameter a default, or leave out the schedule and submit it with values.',
    });
  }
  return versionOf({
    spec: asJson(spec),
    params: isPipeline(pipeline) ? toldParams(pipeline) : null,
    defaults: values,
    ...refOf(published),
    settings,
    source: source === null ? null : { ...source, digest: published.digest },
  });
}

/** What a deployed version tells of parameters, for who submits it without the source. */
function toldParams(pipeline: Pipeline): JsonObject | null {
  const schema = paramSchema(pipeline);
  if (schema === undefined) return null;
  return { ...(schema as JsonObject), ...omitUndefined({ [CHANGED]: changedParams(pipeline) }) };
}

/** The parameters of a run that is given none; null where some have no default. */
async function defaultParams(pipeline: Pipeline): Promise<JsonObject | null> {
  try {
    return await bindParams(pipeline, {});
  } catch {
    return null;
  }
}
