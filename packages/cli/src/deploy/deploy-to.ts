/** Brings pipelines into a cluster: plans, checks, applies, and deletes what is no longer there. */
import {
  type ConfigMap,
  type KubeApi,
  type KubeObject,
  LABEL,
  labelValue,
  paths,
  renew,
} from '@kube-transform/runtime/kubernetes';
import { systemClock } from '@kube-transform/runtime/internal';
import { preflight, preflightError } from '../checks/preflight.js';
import { stepsOf } from '../checks/step-checks.js';
import { type Applied, applyObject, deleteObject, readObject } from '../cluster/apply-objects.js';
import { checkClusterVersion } from '../cluster/cluster-version.js';
import { openCluster, withContext } from '../cluster/connect.js';
import { remember } from '../cluster/last-cluster.js';
import { settingsOf } from '../cluster/run-settings.js';
import { chooseDelivery } from '../delivery/choose-delivery.js';
import type { LoadedPipeline } from '../pipeline/load-pipeline.js';
import { type FoundConfig, loadConfig } from '../project/load-config.js';
import { projectAround } from '../project/project-dir.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import type { Output } from '../terminal/output.js';
import { noteAgain } from './deployments.js';
import { leftBehind } from './left-behind.js';
import { type DeployPlan, planDeploy } from './plan.js';
import { printDeployed } from './print-deployed.js';

/** How to deploy. */
export interface DeployOptions extends ClusterOptions {
  dryRun: boolean;
  diff: boolean;
  json: boolean;
}

/** How to deploy pipelines that are being loaded. */
interface DeployToOptions extends DeployOptions {
  /** All pipelines of the project are meant. */
  isWhole: boolean;
  output: Output;
}

/** Deploys pipelines to the cluster that is meant, while they load. @throws KtError as `deploy` does. */
export async function deployTo(
  loading: Promise<LoadedPipeline[]>,
  { dryRun: isDry, diff, json, isWhole, output, ...typed }: DeployToOptions,
): Promise<void> {
  const config = await loadConfig(projectAround());
  const context = await withContext(typed, { config });
  const api = await openCluster(context, text => output.err(text));
  const dryRun = isDry || diff;
  try {
    const { plan, applied } = await planAndApply(api, loading, {
      ...{ isWhole, dryRun, context, config, output },
    });
    if (diff && !json) (await import('./print-diff.js')).printDiff(applied, output);
    else await printDeployed(applied, { plan, api, dryRun, json, output });
  } finally {
    api.close();
  }
}

/** How to deploy to a cluster that was reached. */
type DeployFrame = Pick<DeployToOptions, 'isWhole' | 'dryRun' | 'output'> & {
  context: ClusterOptions;
  config: FoundConfig | null;
};

/** Asks for all that need not wait for something else at once. */
async function planAndApply(
  api: KubeApi,
  loading: Promise<LoadedPipeline[]>,
  { context, config, output, ...how }: DeployFrame,
): Promise<{ plan: DeployPlan; applied: Applied[] }> {
  const { dryRun } = how;
  const settings = settingsOf(context, api.namespace);
  const delivery = chooseDelivery(context, { dryRun, config, progress: text => output.err(text) });
  const planning = Promise.all([loading, checkClusterVersion(api)]).then(([pipelines]) =>
    planDeploy(pipelines, { context, settings, delivery }),
  );
  const reading = planning.then(({ objects }) => asTheyAre(api, objects));
  // What is in the way is told before what could not be read.
  reading.catch(() => undefined);
  const steps = planning.then(({ versions }) => stepsOf(versions));
  const looking = preflight(api, { settings, steps, claim: context.claim });
  const [plan, findings] = await Promise.all([planning, looking]);
  const failed = preflightError(findings);
  if (failed !== undefined) throw failed;
  const applied = await applyPlan(api, plan, { ...how, before: await reading });
  if (!dryRun) await Promise.all([noteAgain(api, applied), remember(context, api)]);
  return { plan, applied };
}

type AsTheyAre = ReadonlyMap<KubeObject, KubeObject | null>;

/** Objects as they are in the cluster. */
async function asTheyAre(api: KubeApi, objects: readonly KubeObject[]): Promise<AsTheyAre> {
  const read = async (object: KubeObject): Promise<[KubeObject, KubeObject | null]> => [
    object,
    await readObject(api, object),
  ];
  return new Map(await Promise.all(objects.map(read)));
}

async function applyPlan(
  api: KubeApi,
  { objects, ...plan }: DeployPlan,
  { before, dryRun, isWhole }: Pick<DeployFrame, 'dryRun' | 'isWhole'> & { before: AsTheyAre },
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const group of inOrder(objects)) {
    const done = group.map(object => applyObject(api, object, { dryRun, before: before.get(object) }));
    for (const one of await Promise.all(done)) applied.push(one);
  }
  // What looked for unused code before the version was there may have deleted it.
  const again = async (object: KubeObject): Promise<void> => {
    if (!(await renew(api, object.metadata.name, systemClock))) await applyObject(api, object, { dryRun });
  };
  const [there] = await Promise.all([
    deployedObjects(api, plan.project),
    ...(dryRun ? [] : objects.filter(isBundle)).map(again),
  ]);
  const gone = leftBehind({ ...plan, objects }, there, isWhole);
  const deleted = await Promise.all(gone.map(object => deleteObject(api, object, { dryRun })));
  return [...applied, ...deleted];
}

const isBundle = ({ metadata }: KubeObject): boolean => metadata.labels?.[LABEL.component] === 'bundle';

/** In groups: what says which version is deployed comes after everything that it names. */
function inOrder(objects: readonly KubeObject[]): KubeObject[][] {
  const isLast = ({ kind, metadata }: KubeObject): boolean =>
    kind === 'CronJob' || metadata.labels?.[LABEL.component] === 'deployment';
  return [objects.filter(object => !isLast(object)), objects.filter(isLast)];
}

/** What was deployed of a project: its schedules and its ConfigMaps, as they are now. */
async function deployedObjects(api: KubeApi, project: string): Promise<KubeObject[]> {
  const labelSelector = `${LABEL.managedBy}=kt,${LABEL.project}=${labelValue(project)}`;
  const [cronJobs, configMaps] = await Promise.all([
    api.list<KubeObject>(paths.cronJobs(api.namespace), { labelSelector }),
    api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector }),
  ]);
  return [
    ...cronJobs.items.map(item => ({ ...item, kind: 'CronJob' })),
    ...configMaps.items.map(item => ({ ...item, kind: 'ConfigMap' })),
  ];
}
