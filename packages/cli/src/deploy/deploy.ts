/** What `kt deploy` does: plans, applies, deletes what is no longer there, and says what it did. */
import { systemClock } from '@kube-transform/runtime';
import {
  type ConfigMap,
  type KubeApi,
  type KubeObject,
  LABEL,
  labelValue,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { checkClusterVersion } from '../cluster/cluster-version.js';
import { inNamespace, openCluster, withContext } from '../cluster/connect.js';
import { remember } from '../cluster/last-cluster.js';
import { settingsOf } from '../cluster/run-settings.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { preflight, preflightError } from '../checks/preflight.js';
import { stepsOf } from '../checks/step-checks.js';
import { coloured, type Output, table } from '../terminal/output.js';
import { type Applied, applyObject, deleteObject } from '../cluster/apply-objects.js';
import { deployedAtMs, noteAgain } from './deployments.js';
import { schedulesOf } from './deploy-objects.js';
import { type DeployPlan, planDeploy } from './plan.js';

/** How to deploy. */
export interface DeployOptions extends ClusterOptions {
  dryRun: boolean;
  diff: boolean;
  json: boolean;
}

const KEPT_VERSIONS = 10;
const VERB = { created: 'created', changed: 'changed', unchanged: 'unchanged', deleted: 'deleted' } as const;

/**
 * Deploys pipelines; all of the project where none is named. @throws KtError whatever is wrong with them, and
 * what the cluster refuses.
 */
export async function deploy(
  names: readonly string[],
  options: DeployOptions,
  output: Output,
): Promise<void> {
  const { dryRun: wantsDry, diff, json, ...typed } = options;
  const dryRun = wantsDry || diff;
  const context = await withContext(typed);
  // The code is bundled while the cluster is being reached.
  const opening = openCluster(context);
  try {
    const how = { options: context, dryRun, progress: (text: string) => output.err(text) };
    const planning = Promise.resolve(context.namespace ?? opening.then(({ namespace }) => namespace)).then(
      namespace => planDeploy(names, { ...how, namespace }),
    );
    const [api, plan] = await Promise.all([opening, planning, opening.then(checkClusterVersion)]);
    await mayGoOn(api, plan, context);
    const applied: Applied[] = [];
    for (const group of inOrder(plan.objects))
      applied.push(...(await Promise.all(group.map(object => applyObject(api, object, { dryRun })))));
    for (const object of await leftBehind(api, plan, names.length === 0))
      applied.push(await deleteObject(api, object, { dryRun }));
    if (!dryRun) await Promise.all([noteAgain(api, applied), remember(context, api)]);
    if (json)
      output.out(
        JSON.stringify(
          { namespace: api.namespace, context: api.connection.name, dryRun, objects: applied.map(asJson) },
          null,
          2,
        ),
      );
    else if (diff) (await import('./print-diff.js')).printDiff(applied, output);
    else await print(applied, plan, { api, dryRun, output });
  } finally {
    await opening.then(
      api => api.close(),
      () => undefined,
    );
  }
}

/**
 * @throws KtError `PREFLIGHT_FAILED`: what would keep this or runs from working, before anything is changed.
 */
async function mayGoOn(api: KubeApi, { versions }: DeployPlan, context: ClusterOptions): Promise<void> {
  const plan = {
    settings: settingsOf(context, api.namespace),
    steps: stepsOf(versions),
    claim: context.claim,
  };
  const failed = preflightError(await preflight(api, plan));
  if (failed !== undefined) throw failed;
}

/** In groups: what says which version is deployed comes after everything that it names. */
function inOrder(objects: readonly KubeObject[]): KubeObject[][] {
  const isLast = ({ kind, metadata }: KubeObject): boolean =>
    kind === 'CronJob' || metadata.labels?.[LABEL.component] === 'deployment';
  return [objects.filter(object => !isLast(object)), objects.filter(isLast)];
}

/**
 * What was applied once and is no longer there: schedules of these pipelines, with a whole project also the
 * pipelines that it no longer has, and versions beyond the last ten. Runs and their bundles are `kt gc`'s.
 */
async function leftBehind(
  api: KubeApi,
  { project, versions, objects }: DeployPlan,
  whole: boolean,
): Promise<KubeObject[]> {
  const mine = `${LABEL.managedBy}=kt,${LABEL.project}=${labelValue(project)}`;
  const [cronJobs, maps] = await Promise.all([
    api.list<KubeObject>(paths.cronJobs(api.namespace), { labelSelector: mine }),
    api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector: mine }),
  ]);
  const wanted = new Set(objects.map(({ kind, metadata }) => `${kind ?? ''}/${metadata.name}`));
  const pipelines = new Set(versions.map(({ pipeline }) => labelValue(pipeline)));
  const pipelineOf = ({ metadata }: KubeObject): string =>
    metadata.labels?.['app.kubernetes.io/part-of'] ?? '';
  const there = [
    ...cronJobs.items.map(item => ({ ...item, kind: 'CronJob' })),
    ...maps.items.map(item => ({ ...item, kind: 'ConfigMap' })),
  ];
  const gone = there.filter(
    object =>
      !wanted.has(`${object.kind}/${object.metadata.name}`) && (whole || pipelines.has(pipelineOf(object))),
  );
  return gone.filter(
    object => !isVersion(object) || !pipelines.has(pipelineOf(object)) || isOld(object, maps.items),
  );
}

const isVersion = ({ metadata }: KubeObject): boolean => metadata.labels?.[LABEL.component] === 'version';

/** True for a version that is not among the last ones of its pipeline. */
function isOld(object: KubeObject, all: readonly KubeObject[]): boolean {
  const pipeline = object.metadata.labels?.['app.kubernetes.io/part-of'];
  const siblings = all.filter(
    other => isVersion(other) && other.metadata.labels?.['app.kubernetes.io/part-of'] === pipeline,
  );
  const newest = [...siblings].sort((a, b) => deployedAtMs(b) - deployedAtMs(a));
  const kept = [...new Set(newest.map(({ metadata }) => metadata.labels?.[LABEL.version]))].slice(
    0,
    KEPT_VERSIONS,
  );
  return !kept.includes(object.metadata.labels?.[LABEL.version]);
}

const asJson = ({ object, outcome }: Applied): object => ({
  kind: object.kind,
  name: object.metadata.name,
  outcome,
});

async function print(
  applied: readonly Applied[],
  plan: DeployPlan,
  { api, dryRun, output }: { api: KubeApi; dryRun: boolean; output: Output },
): Promise<void> {
  const would = dryRun ? 'would be ' : '';
  const rows = applied.map(({ object, outcome }) => [
    coloured(
      outcome === 'unchanged' ? 'Pending' : outcome === 'deleted' ? 'Failed' : 'Completed',
      outcome === 'unchanged' ? VERB[outcome] : would + VERB[outcome],
    ),
    object.kind ?? '',
    object.metadata.name,
    purposeOf(object),
  ]);
  output.out(table(rows));
  for (const { delivery, settings, published } of plan.delivered) {
    if (delivery !== 'bundle')
      output.out(`${published.isNew ? (dryRun ? 'would push' : 'pushed') : 'unchanged'}  ${settings.image}`);
  }
  for (const version of plan.versions) {
    for (const schedule of schedulesOf(version)) {
      const zone = schedule.timeZone ?? "the cluster's time zone";
      output.out(
        `${version.pipeline} runs at "${schedule.cron}" in ${zone}${schedule.suspend ? ' (suspended)' : ''}${dryRun ? '; next:' : ''}`,
      );
      if (!dryRun) continue;
      const { localTime, nextTimes } = await import('./cron-times.js');
      for (const ms of nextTimes(schedule, systemClock.nowMs()))
        output.out(`  ${localTime(ms, schedule.timeZone)}`);
    }
  }
  const isSame = applied.every(({ outcome }) => outcome === 'unchanged');
  const what = plan.versions.map(({ pipeline, version }) => `${pipeline} ${version}`).join(', ');
  if (dryRun) output.out(`Nothing was changed ${inNamespace(api)}: this was a dry run.`);
  else
    output.out(
      isSame
        ? `Unchanged ${inNamespace(api)}: ${what}. Nothing was pushed.`
        : `Deployed ${inNamespace(api)}: ${what}.`,
    );
  const [first] = plan.versions;
  if (first !== undefined && !dryRun) output.out(`  run it: kt submit ${first.pipeline} --follow`);
}

/** What an object is for, in a word. */
function purposeOf({ metadata }: KubeObject): string {
  const component = metadata.labels?.[LABEL.component] ?? 'access';
  return component === 'bundle' ? 'code' : component;
}
