/** What a run has said of itself: in its summary, and in what its controller printed. */
import type { RunSummary } from '@kube-transform/runtime';
import {
  type ConfigMap,
  isKubeError,
  paths,
  type Pod,
  runName,
  selectRun,
} from '@kube-transform/runtime/kubernetes';
import type { TestCluster } from '../kit/cluster.js';

/** What a run tells of itself, where it has told something. */
export async function summaryOf({ api, namespace }: TestCluster, runId: string): Promise<RunSummary | null> {
  const text = (await api.get<ConfigMap>(paths.configMaps(namespace, runName(runId))))?.data?.['summary'];
  return text === undefined ? null : (JSON.parse(text) as RunSummary);
}

/** What a run says of itself, of one kind. */
export async function wordsOf(
  cluster: TestCluster,
  runId: string,
  kind: 'cause' | 'problem' | 'trouble',
): Promise<string> {
  const summary = await summaryOf(cluster, runId);
  if (kind !== 'cause') return summary?.[kind] ?? '';
  return (summary?.jobs ?? []).map(({ cause }) => cause?.message ?? '').join('\n');
}

/** What the pods of a run's controller have printed, as far as there is something. */
export async function logOf({ api, namespace }: TestCluster, runId: string): Promise<string> {
  const { items } = await api.list<Pod>(paths.pods(namespace), {
    labelSelector: selectRun(runId, 'controller'),
  });
  let lines = '';
  try {
    for (const { metadata } of items) {
      for await (const chunk of api.stream(paths.podLog(namespace, metadata.name)))
        lines += Buffer.from(chunk).toString();
    }
  } catch (error) {
    if (!isKubeError(error)) throw error;
  }
  return messagesIn(lines).join('\n');
}

/** The messages of lines that a controller has printed. */
export const messagesIn = (lines: string): string[] =>
  lines
    .split('\n')
    .flatMap(line => (line.startsWith('{') ? [(JSON.parse(line) as { message: string }).message] : []));
