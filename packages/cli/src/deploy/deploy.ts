/** What `kt deploy` does: loads pipelines, plans, checks, applies, and deletes what is no longer there. */
import {
  type ConfigMap,
  type KubeApi,
  type KubeObject,
  LABEL,
  labelValue,
  paths,
  renew,
  usedMs,
} from '@kube-transform/runtime/kubernetes';
import { systemClock } from '@kube-transform/runtime/internal';
import { preflight, preflightError } from '../checks/preflight.js';
import { stepsOf } from '../checks/step-checks.js';
import { type Applied, applyObject, deleteObject } from '../cluster/apply-objects.js';
import { checkClusterVersion } from '../cluster/cluster-version.js';
import { openCluster, withContext } from '../cluster/connect.js';
import { remember } from '../cluster/last-cluster.js';
import { settingsOf } from '../cluster/run-settings.js';
import { chooseDelivery } from '../delivery/choose-delivery.js';
import { loadPipelines } from '../pipeline/load-pipeline.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import type { Output } from '../terminal/output.js';
import { noteAgain } from './deployments.js';
import { leftBehind } from './left-behind.js';
import { type DeployPlan, planDeploy } from './plan.js';
import { printDeployed } from './print-deployed.js';

/** Code that was made or used since then is not collected. */
const RENEWED_AFTER_MS = 1_800_000;

/** How to deploy. */
export interface DeployOptions extends ClusterOptions {
  dryRun: boolean;
  diff: boolean;
  json: boolean;
}

/**
 * Deploys pipelines; all of the project where none is named.
 *
 * @throws KtError whatever is wrong with them, `PREFLIGHT_FAILED` with what would keep this or runs from
 * working before anything is applied, and what the cluster refuses.
 */
export async function deploy(
  names: readonly string[],
  { dryRun: isDry, diff, json, ...typed }: DeployOptions,
  output: Output,
): Promise<void> {
  const dryRun = isDry || diff;
  const context = await withContext(typed);
  const opening = openCluster(context);
  try {
    // The code is bundled while the cluster is being reached.
    const [pipelines, api, settings] = await Promise.all([
      loadPipelines(names),
      opening,
      opening.then(({ namespace }) => settingsOf(context, namespace)),
      opening.then(checkClusterVersion),
    ]);
    const delivery = chooseDelivery(context, { dryRun, progress: text => output.err(text) });
    const plan = await planDeploy(pipelines, { context, settings, delivery });
    const steps = stepsOf(plan.versions);
    const failed = preflightError(await preflight(api, { settings, steps, claim: context.claim }));
    if (failed !== undefined) throw failed;
    const applied = await applyPlan(api, plan, { dryRun, isWhole: names.length === 0 });
    if (!dryRun) await Promise.all([noteAgain(api, applied), remember(context, api)]);
    if (diff && !json) (await import('./print-diff.js')).printDiff(applied, output);
    else await printDeployed(applied, { plan, api, dryRun, json, output });
  } finally {
    await opening.then(
      api => api.close(),
      () => undefined,
    );
  }
}

/** @param options.isWhole all pipelines of the project are in the plan. */
async function applyPlan(
  api: KubeApi,
  plan: DeployPlan,
  { dryRun, isWhole }: { dryRun: boolean; isWhole: boolean },
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const group of inOrder(plan.objects))
    for (const done of await Promise.all(group.map(object => applyObject(api, object, { dryRun }))))
      applied.push(done);
  // What looked for unused code before the version was there may have deleted it.
  for (const object of dryRun ? [] : plan.objects.filter(isBundle))
    if (!(await isKept(api, object.metadata.name))) await applyObject(api, object, { dryRun });
  for (const object of leftBehind(plan, await deployedObjects(api, plan.project), isWhole))
    applied.push(await deleteObject(api, object, { dryRun }));
  return applied;
}

/** Whether a ConfigMap of a bundle is there; one that has not been used for a while is said to be used. */
async function isKept(api: KubeApi, name: string): Promise<boolean> {
  const found = await api.get<ConfigMap>(paths.configMaps(api.namespace, name));
  const nowMs = systemClock.nowMs();
  if (found === null || nowMs - usedMs(found) < RENEWED_AFTER_MS) return found !== null;
  return renew(api, name, systemClock);
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
