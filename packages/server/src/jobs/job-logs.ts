/** Logs of the pods of a Job. */
import { isKubeError, type KubeApi, type Pod, paths } from '@kube-transform/runtime/kubernetes';

/** Lines by pod and container. */
export type JobLogs = Record<string, Record<string, string[]>>;

/** How much of a log is read. */
export interface LogOptions {
  /** The last lines of each container. Default 200. */
  tailLines?: number;
  signal?: AbortSignal;
}

/** What is asked of the API at most, and what is kept of it, in bytes. */
const ASKED_BYTES = 1024 ** 3;
const KEPT_BYTES = 8 * 1024 ** 2;
const WAITS = /is waiting to start: (.+?)\.?$/m;

/** The pods of a Job, as they are now. */
export async function podsOf(api: KubeApi, job: string): Promise<Pod[]> {
  return (await api.list<Pod>(paths.pods(api.namespace, undefined), { labelSelector: `job-name=${job}` }))
    .items;
}

/** The last lines of all containers of a Job's pods. Rejects with KubeError. */
export async function logsOf(api: KubeApi, job: string, options: LogOptions = {}): Promise<JobLogs> {
  const logs: JobLogs = {};
  for (const { metadata, spec } of await podsOf(api, job)) {
    const lines: Record<string, string[]> = {};
    for (const { name } of spec?.containers ?? [])
      lines[name] = await linesOf(api, { pod: metadata.name, container: name }, options);
    logs[metadata.name] = lines;
  }
  return logs;
}

/** Which container. */
export interface ContainerPlace {
  pod: string;
  container: string;
}

async function linesOf(
  api: KubeApi,
  { pod, container }: ContainerPlace,
  { tailLines = 200, signal }: LogOptions,
): Promise<string[]> {
  const query = { container, limitBytes: ASKED_BYTES, pretty: 'True', tailLines };
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of api.stream(paths.podLog(api.namespace, pod), {
      query,
      signal,
      answerWithinMs: 30_000,
    })) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      // The last lines count: of lines that are too long the first are let go.
      while (size > KEPT_BYTES && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
    }
  } catch (error) {
    return inPlaceOf(error);
  }
  const text = Buffer.concat(chunks).toString();
  // As clients of k8s-jobs know it.
  return text === '' ? ['', ''] : text.split('\n');
}

/** What stands for a log that there is not: why the container has not begun. */
export function inPlaceOf(error: unknown): string[] {
  const waiting = isKubeError(error, 400) ? WAITS.exec(error.message)?.[1] : undefined;
  if (waiting !== undefined) return [waiting];
  // The pod is gone, or its log is.
  if (isKubeError(error, 404)) return [];
  throw error;
}
