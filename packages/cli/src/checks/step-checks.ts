/**
 * Checks whether the pods of steps are admitted with all their options, and whether what they name is there.
 */
import { type KTJob, mustParsePipeline } from '@kube-transform/sdk';
import {
  type ClusterSettings,
  type DeployedVersion,
  type Job,
  type KubeApi,
  type KubeObject,
  ONE_POD,
  paths,
  taskJob,
} from '@kube-transform/runtime/kubernetes';
import { admission } from './admission.js';
import { type Finding, fine, lacksRight, problem, skipped } from './finding.js';

/** A step of a pipeline. */
export interface PlannedStep {
  pipeline: string;
  job: KTJob;
}

/** The steps of versions, with everything filled in. */
export const stepsOf = (versions: readonly DeployedVersion[]): PlannedStep[] =>
  versions.flatMap(({ pipeline, spec }) => mustParsePipeline(spec).jobs.map(job => ({ pipeline, job })));

/** Told of by the checks of quotas and limits, with numbers. */
const TOLD_ELSEWHERE = new Set(['QuotaExceeded', 'QuotaWantsLimits', 'LimitRange']);

const SHOWN_STEPS = 3;

/** The Job of one pod of a step, as a run has it. */
function jobOfStep({ pipeline, job }: PlannedStep, settings: ClusterSettings): Job {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'doctor', uid: 'doctor' };
  const frame = { runId: 'doctor', pipeline, settings, digest: 'doctor', bundleParts: 0, owner };
  const made = taskJob(frame, {
    job,
    wave: 0,
    ...ONE_POD,
    memory: job.memory,
  });
  delete made.metadata.ownerReferences;
  return made;
}

/** Steps by what of them counts for their admission: those that are alike are asked about once. */
function alike(steps: readonly PlannedStep[]): PlannedStep[][] {
  const groups = new Map<string, PlannedStep[]>();
  for (const step of steps) {
    const { kubernetes, cpu, memory, gpu, timeout, labels } = step.job;
    const key = JSON.stringify({ kubernetes, cpu, memory, gpu, timeout, labels });
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()];
}

/** Asks for each step whether its pod would be admitted; steps of which the same is said are one finding. */
export async function stepFindings(
  api: KubeApi,
  { settings, steps }: { settings: ClusterSettings; steps: readonly PlannedStep[] },
): Promise<Finding[]> {
  if (steps.length === 0) return [];
  const refused = new Map<string, { names: string[]; remedy: string }>();
  const untold: PlannedStep[] = [];
  await Promise.all(
    alike(steps).map(async group => {
      const [first] = group;
      const waiting = first === undefined ? null : await admission(api, jobOfStep(first, settings));
      if (waiting === undefined) for (const step of group) untold.push(step);
      if (
        !waiting ||
        TOLD_ELSEWHERE.has(waiting.reason) ||
        waiting.message.endsWith(`serviceaccount "${settings.serviceAccount}" not found`)
      )
        return;
      const names = [
        ...(refused.get(waiting.message)?.names ?? []),
        ...group.map(({ pipeline, job }) => `${pipeline}.${job.name}`),
      ];
      refused.set(waiting.message, { names, remedy: waiting.remedy });
    }),
  );
  if (refused.size > 0) {
    return [...refused].map(([message, { names, remedy }]) =>
      problem('steps', `The pods of ${stepList(names)} are not admitted: ${message}.`, remedy),
    );
  }
  if (untold.length > 0)
    return [
      skipped('steps', 'You may not create pods, so it was not checked whether those of steps are admitted.'),
    ];
  return [fine('steps', `The pods of all steps are admitted: ${steps.length}.`)];
}

const stepList = (names: readonly string[]): string =>
  names.length <= SHOWN_STEPS
    ? names.join(', ')
    : `${names.slice(0, SHOWN_STEPS).join(', ')} and ${names.length - SHOWN_STEPS} more steps`;

interface Account extends KubeObject {
  imagePullSecrets?: { name: string }[];
}

/**
 * Whether the Secrets for registries are there which the service account and steps name: without them
 * Kubernetes pulls as nobody, and says little.
 */
export async function pullSecretFindings(
  api: KubeApi,
  { settings, steps }: { settings: ClusterSettings; steps: readonly PlannedStep[] },
): Promise<Finding[]> {
  const account = await api.get<Account>(paths.serviceAccounts(api.namespace, settings.serviceAccount));
  const patched = steps.flatMap(
    step => (jobOfStep(step, settings).spec?.template.spec['imagePullSecrets'] ?? []) as { name: string }[],
  );
  const names = [...new Set([...(account?.imagePullSecrets ?? []), ...patched].map(({ name }) => name))];
  const found = await Promise.all(names.map(name => secretFinding(api, name)));
  return found.length > 0 ? found : [fine('pull secrets', 'No step and no service account names one.')];
}

async function secretFinding(api: KubeApi, name: string): Promise<Finding> {
  try {
    if ((await api.get(paths.secrets(api.namespace, name))) !== null)
      return fine('pull secrets', `"${name}" is there.`);
  } catch (error) {
    if (!lacksRight(error)) throw error;
    return skipped(
      'pull secrets',
      `You may not read Secrets, so it was not checked whether "${name}" is there.`,
    );
  }
  const message = `There is no Secret "${name}" in namespace "${api.namespace}", and the service account or a step names it in imagePullSecrets.`;
  return problem(
    'pull secrets',
    message,
    `kubectl create secret docker-registry ${name} -n ${api.namespace}, or take the name out.`,
  );
}
