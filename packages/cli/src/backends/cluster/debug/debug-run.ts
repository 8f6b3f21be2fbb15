/*
 * Starts the pod of an item again, waiting, so that a person can look inside.
 *
 * - What it is made of is the item's pod, else the template of its Job, which Kubernetes keeps for a day,
 *   else what the run's store says that the item ran.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import { selectItems } from '@kube-transform/runtime/internal';
import {
  type ConfigMap,
  debugJob,
  type Debugged,
  debugWords,
  type Job,
  type KubeApi,
  ownerOf,
  paths,
  type Pod,
  type RunConfig,
} from '@kube-transform/runtime/kubernetes';
import { startedPod } from '../../../cluster/started-pod.js';
import { shellWord } from '../../../terminal/plain-text.js';
import type { Debugging, DebugOptions, RunSummary } from '../../backend.js';
import { howItEnded } from './how-it-ended.js';
import { inspectInPod } from './inspect-pod.js';
import { itemAgain } from './item-again.js';
import { type ItemPod, podOfItem } from './item-pod.js';

/** What is known of a run. */
interface ClusterRun {
  runId: string;
  object: ConfigMap;
  config: RunConfig;
  summary: RunSummary;
}

const START = {
  name: 'The debug pod',
  reason: 'A pod was started to look inside',
  code: 'DEBUG_POD_NOT_STARTED',
};

const AGAIN =
  "The Job of this item is gone: the debug pod is made from what the run's store says, with the memory that the step asks for.";

/** Starts it, and waits until its container runs. @throws KtError where it does not, and nothing is left. */
export async function debugInCluster(
  api: KubeApi,
  run: ClusterRun,
  { selector, keepMs, image, memory, note, signal }: DebugOptions,
): Promise<Debugging> {
  const { jobs, item: asked } = selectItems(run.summary.jobs, { runId: run.runId, selector });
  const wanted = { runId: run.runId, job: jobs[0] ?? '', item: asked };
  const found =
    (await podOfItem(api, wanted)) ?? (await itemAgain({ api, ...run }, wanted, { note, signal }));
  const ended = found.isAgain ? AGAIN : howItEnded(found.pod);
  if (ended !== null) note(ended);
  const of = debuggedOf(api, run, found);
  const wishes = { keepSeconds: Math.ceil(keepMs / 1000), image, memory };
  const made = debugJob(of, wishes);
  const { name } = made.metadata;
  const path = paths.jobs(api.namespace, name);
  const job = await api.create<Job>(paths.jobs(api.namespace), made, { signal }).catch(mayNot);
  if (job === null) throw isThere(api, name);
  try {
    const started = await startedPod(api, job, { signal, note, words: START }).catch((error: unknown) => {
      throw image === undefined ? withImage(error) : error;
    });
    const pod = started === null ? null : await api.get<Pod>(paths.pods(api.namespace, started), { signal });
    if (pod === null || pod.status?.phase !== 'Running') throw noShell(of, pod);
    const { namespace } = api;
    const words = debugWords(of, { memory });
    const remove = (): Promise<void> => api.delete(path, { retryForMs: 2000 });
    return {
      kind: 'pod',
      ...{ context: api.connection.name, namespace, job: name, pod: pod.metadata.name },
      item: found.item,
      words,
      isWorker: of.item !== null,
      inspect: async session => {
        try {
          if (of.item === null) throw noFunction(wanted.job);
          return await inspectInPod(api, { pod: pod.metadata.name, words }, session).catch(mayNot);
        } finally {
          await remove().catch(() => undefined);
        }
      },
    };
  } catch (error) {
    await api.delete(path, { retryForMs: 2000 }).catch(() => undefined);
    throw error;
  }
}

function debuggedOf(
  api: KubeApi,
  run: ClusterRun,
  { job, pod, item, index, isContainer }: ItemPod,
): Debugged {
  const template = job.spec?.template;
  const { labels, annotations } = pod?.metadata ?? template?.metadata ?? {};
  const { uid } = run.object.metadata;
  return {
    name: pod?.metadata.name ?? `${job.metadata.name}-${index}`,
    namespace: api.namespace,
    metadata: {
      labels: { ...labels, 'batch.kubernetes.io/job-completion-index': String(index) },
      annotations: { ...annotations, 'kt.dev/run-id': run.runId },
    },
    spec: pod?.spec ?? template?.spec ?? {},
    item: isContainer ? null : item,
    owner: uid === undefined ? null : ownerOf(run.runId, uid),
  };
}

function mayNot(error: unknown): never {
  if (!isKtError(error) || error.code !== 'CLUSTER_FORBIDDEN') throw error;
  const message = error.problems[0]?.message ?? 'It may not be made.';
  const hint =
    'kt debug needs create and delete on jobs, and get on pods; to get in, create on pods/exec, and for --inspect on pods/portforward: kt rbac --for deployer prints a Role with them.';
  throw new KtError({ code: 'CLUSTER_FORBIDDEN', path: '', message, hint }, { cause: error });
}

const noFunction = (step: string): KtError =>
  new KtError({
    code: 'NO_FUNCTIONS',
    path: '--inspect',
    message: `Step "${step}" runs containers, and --inspect is for functions.`,
    hint: 'Leave --inspect out: the pod waits, for you to look inside.',
  });

const isThere = ({ namespace }: KubeApi, name: string): KtError =>
  new KtError({
    code: 'DEBUG_POD_EXISTS',
    path: 'run',
    message: `The debug pod of this item is there already, as job/${name} in namespace "${namespace}".`,
    hint: `Get in: kubectl exec -it -n ${shellWord(namespace)} job/${name} -c main -- sh; or end it: kubectl delete -n ${shellWord(namespace)} job/${name}`,
  });

/** What did not start may start with another image. */
function withImage(error: unknown): unknown {
  if (!isKtError(error) || error.code !== START.code) return error;
  const [problem] = error.problems;
  if (problem === undefined) return error;
  const hint = `${problem.hint ?? ''} Or look inside with another image: --image IMAGE.`.trim();
  return new KtError({ ...problem, hint }, { cause: error });
}

/** The container ended at once: what waits in it could not be begun. */
function noShell({ item }: Debugged, pod: Pod | null): KtError {
  const why = pod === null ? null : howItEnded(pod);
  const needs = item === null ? 'sh and sleep' : 'node';
  return new KtError({
    code: 'DEBUG_POD_ENDED',
    path: 'run',
    message:
      `The debug pod ended at once: it waits with ${needs}, which its image may not have. ${why ?? ''}`.trim(),
    hint: 'Give an image that has it, and keep all else of the pod: --image busybox. Or look into the pod of the item while it runs: kubectl debug -it POD --image=busybox --target=main',
  });
}
