/** Plans a deployment: pipelines as versions, and the objects that they need in a cluster. */
import { KtError } from '@kube-transform/sdk';
import {
  accessObjects,
  type ClusterSettings,
  type DeployedVersion,
  type KubeObject,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../bundle/make-bundle.js';
import { contextDefaults } from '../cluster/run-settings.js';
import type { Delivered, Delivery } from '../delivery/delivery.js';
import { problemsOf } from '../pipeline/check-pipeline.js';
import type { LoadedPipeline } from '../pipeline/load-pipeline.js';
import { projectAround, projectName } from '../project/project-dir.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { claimObjects } from './claim-object.js';
import { pipelineObjects } from './deploy-objects.js';
import { makeVersion } from './make-version.js';

/** What is to be deployed. */
export interface DeployPlan {
  project: string;
  delivered: Delivered[];
  versions: DeployedVersion[];
  /** In the order in which they are applied. */
  objects: KubeObject[];
}

/** Where to, and how. */
export interface PlanOptions {
  context: ClusterOptions;
  /** Those of the context. */
  settings: ClusterSettings;
  delivery: Delivery;
}

/**
 * Plans the deployment of pipelines; each bundle is delivered once.
 *
 * @throws KtError `NOTHING_TO_DEPLOY`, `DUPLICATE_PIPELINE`, `NO_FUNCTIONS`, and whatever is wrong with a
 * pipeline, the context or the delivery.
 */
export async function planDeploy(
  pipelines: readonly LoadedPipeline[],
  { context, settings, delivery }: PlanOptions,
): Promise<DeployPlan> {
  if (pipelines.length === 0) throw nothingToDeploy();
  const project = await projectName(projectAround());
  const bundles = new Map<string, Delivered>();
  const deliverOnce = async (bundle: Bundle): Promise<Delivered> => {
    const delivered = bundles.get(bundle.digest) ?? (await delivery.deliver(bundle, settings));
    bundles.set(bundle.digest, delivered);
    return delivered;
  };
  const versions: DeployedVersion[] = [];
  for (const loaded of pipelines) {
    if (loaded.bundle === null) throw noFunctions(loaded);
    const problems = problemsOf(loaded);
    if (problems.length > 0) throw new KtError(problems);
    const delivered = await deliverOnce(loaded.bundle);
    const version = await makeVersion(loaded, {
      ...delivered,
      defaults: contextDefaults(context),
      containerImage: context.containerImage,
    });
    if (versions.some(({ pipeline }) => pipeline === version.pipeline)) throw duplicate(version.pipeline);
    versions.push(version);
  }
  const { namespace, serviceAccount } = settings;
  const delivered = [...bundles.values()];
  const objects = [
    ...accessObjects({ namespace, serviceAccount }),
    ...claimObjects(context, settings),
    ...delivered.flatMap(({ objects }) => objects),
    ...versions.flatMap(version => pipelineObjects(version, { project, namespace })),
  ];
  return { project, versions, objects, delivered };
}

const nothingToDeploy = (): KtError =>
  new KtError({
    code: 'NOTHING_TO_DEPLOY',
    path: 'pipelines',
    message: 'There are no pipelines here.',
    hint: 'Run it in the folder of a project, which has pipelines in pipelines/; or name one: kt deploy path/file.ts.',
  });

const noFunctions = ({ pipeline }: LoadedPipeline): KtError =>
  new KtError({
    code: 'NO_FUNCTIONS',
    path: pipeline.name,
    message: `The document "${pipeline.name}" comes without functions, and only pipelines of modules are deployed.`,
    hint: 'Submit it with its functions: kt submit spec.json --functions MODULE.',
  });

const duplicate = (pipeline: string): KtError =>
  new KtError({
    code: 'DUPLICATE_PIPELINE',
    path: pipeline,
    message: `Two pipelines are called "${pipeline}".`,
    hint: 'Rename one of them.',
  });
