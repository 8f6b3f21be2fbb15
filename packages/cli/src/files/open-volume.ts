/*
 * The volume of a context as a store: a pod mounts it, and processes begun in that pod read and write.
 *
 * - The pod goes with the command. Where this process is killed, it ends by itself within minutes.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  ALIVE_EVERY_MS,
  type ClusterSettings,
  CONTAINER,
  FRAME,
  frameOf,
  type Job,
  type KubeApi,
  paths,
  SESSION_COMMAND,
  type SessionPeer,
  volumeJob,
  volumeStore,
} from '@kube-transform/runtime/kubernetes';
import { emptyBundle } from '../bundle/make-bundle.js';
import { inNamespace } from '../cluster/connect.js';
import { startedPod } from '../cluster/started-pod.js';
import { configMaps } from '../delivery/config-maps.js';
import type { ClusterOptions } from '../project/resolve-context.js';

/** How a store is opened. */
export interface Opening {
  /** Told why it takes long. */
  note: (text: string) => void;
  signal: AbortSignal;
}

/** Whose volume it is. */
interface Volume extends Opening {
  settings: ClusterSettings;
  platform: ClusterOptions['platform'];
}

const WORDS = {
  name: 'The pod that opens the volume',
  reason: 'Files of a volume are reached through a pod',
  code: 'VOLUME_POD_NOT_STARTED',
};

/** Starts the pod; closes the connection to the cluster with the store. @throws KtError */
export async function openVolume(
  api: KubeApi,
  { settings, platform, note, signal }: Volume,
): Promise<FileStore> {
  const bundle = await emptyBundle();
  const { published } = await configMaps({ api, platform }).deliver(bundle, settings);
  const made = volumeJob(settings, published, systemClock.randomId(6));
  const path = paths.jobs(api.namespace, made.metadata.name);
  const job = await api.create<Job>(paths.jobs(api.namespace), made, { signal });
  if (job === null) throw gone(api);
  const close = async (): Promise<void> => {
    await api.delete(path, { retryForMs: 2000 }).catch(() => undefined);
    api.close();
  };
  try {
    const pod = await startedPod(api, job, { signal, note, words: WORDS });
    if (pod === null) throw gone(api);
    const name = `the pod "${pod}" that has the volume`;
    return volumeStore(() => session(api, pod, signal), { name, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** A process in the pod, which hears while it is wanted that it is. */
async function session(api: KubeApi, pod: string, signal: AbortSignal): Promise<SessionPeer> {
  const command = { container: CONTAINER, command: SESSION_COMMAND };
  const stream = await api.exec(pod, command, { signal }).catch((error: unknown) => {
    throw isKtError(error) && error.code === 'CLUSTER_FORBIDDEN' ? mayNot(error) : error;
  });
  const timer = setInterval(() => {
    stream.send(frameOf(FRAME.alive)).catch(() => undefined);
  }, ALIVE_EVERY_MS).unref();
  return {
    ...stream,
    close: () => {
      clearInterval(timer);
      stream.close();
    },
  };
}

const mayNot = (cause: KtError): KtError =>
  new KtError(
    {
      code: 'CLUSTER_FORBIDDEN',
      path: '',
      message: cause.problems[0]?.message ?? 'Processes may not be begun in pods.',
      hint: 'Files of a volume need the verbs get and create on pods/exec: kt rbac --for deployer prints a Role with them.',
    },
    { cause },
  );

const gone = (api: KubeApi): KtError =>
  new KtError({
    code: 'STORE_FAILED',
    path: '',
    message: `The pod that opens the volume was deleted ${inNamespace(api)}.`,
    hint: 'Try again.',
  });
