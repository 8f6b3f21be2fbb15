/** Prints what `kt deploy` did, or would do: for people, or as JSON. */
import { systemClock } from '@kube-transform/runtime/internal';
import type { DeployedVersion, KubeApi, KubeObject } from '@kube-transform/runtime/kubernetes';
import type { Applied } from '../cluster/apply-objects.js';
import { inNamespace } from '../cluster/connect.js';
import { coloured, type Output, printText, table } from '../terminal/output.js';
import { componentOf, schedulesOf } from './deploy-objects.js';
import type { DeployPlan } from './plan.js';
import { shellWord } from '../terminal/plain-text.js';

/** What is told of, and how. */
export interface DeployedOptions {
  plan: DeployPlan;
  api: KubeApi;
  dryRun: boolean;
  json: boolean;
  output: Output;
}

const OUTCOME_COLOUR = {
  created: 'Completed',
  changed: 'Completed',
  unchanged: 'Pending',
  deleted: 'Failed',
} as const;

/** Prints each object with what became of it, images that were pushed, and schedules. */
export async function printDeployed(
  applied: readonly Applied[],
  { plan, api, dryRun, json, output }: DeployedOptions,
): Promise<void> {
  if (json) {
    const objects = applied.map(({ object: { kind, metadata }, outcome }) => ({
      kind,
      name: metadata.name,
      outcome,
    }));
    const { namespace, connection } = api;
    printText(output, JSON.stringify({ namespace, context: connection.name, dryRun, objects }, null, 2));
    return;
  }
  const rows = applied.map(({ object, outcome }) => [
    coloured(OUTCOME_COLOUR[outcome], dryRun && outcome !== 'unchanged' ? `would be ${outcome}` : outcome),
    object.kind ?? '',
    object.metadata.name,
    purposeOf(object),
  ]);
  printText(output, table(rows));
  for (const { settings, published } of plan.delivered) {
    const pushed = dryRun ? 'would push' : 'pushed';
    if (published.parts === 0) output.out(`${published.isNew ? pushed : 'unchanged'}  ${settings.image}`);
  }
  for (const version of plan.versions)
    for (const line of await scheduleLines(version, dryRun)) output.out(line);
  const what = plan.versions.map(({ pipeline, version }) => `${pipeline} ${version}`).join(', ');
  if (dryRun) return output.out(`Nothing was changed ${inNamespace(api)}: this was a dry run.`);
  const isSame = applied.every(({ outcome }) => outcome === 'unchanged');
  output.out(
    isSame
      ? `Unchanged ${inNamespace(api)}: ${what}. Nothing was pushed.`
      : `Deployed ${inNamespace(api)}: ${what}.`,
  );
  const [first] = plan.versions;
  if (first !== undefined) output.out(`  run it: kt submit ${shellWord(first.pipeline)} --follow`);
}

/** The schedules of a version; in a dry run with the times at which they come next. */
async function scheduleLines(version: DeployedVersion, dryRun: boolean): Promise<string[]> {
  const times = dryRun ? await import('./cron-times.js') : null;
  return schedulesOf(version).flatMap(schedule => {
    const { cron, timeZone, suspend } = schedule;
    const runs = `${version.pipeline} runs at "${cron}" in ${timeZone ?? "the cluster's time zone"}${suspend ? ' (suspended)' : ''}`;
    if (times === null) return [runs];
    const next = times.nextTimes(schedule, systemClock.nowMs());
    return [`${runs}; next:`, ...next.map(ms => `  ${times.localTime(ms, timeZone)}`)];
  });
}

/** What an object is for, in a word. */
function purposeOf(object: KubeObject): string {
  const component = componentOf(object);
  if (component === '') return 'access';
  return component === 'bundle' ? 'code' : component;
}
