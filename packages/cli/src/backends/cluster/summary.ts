/** The summary that a run's controller writes into the run's ConfigMap. */
import { type ClusterSummary, type ConfigMap, RUN_KEY } from '@kube-transform/runtime/kubernetes';

/** The summary of a run; null where its controller has not written one. */
export function summaryOf(object: ConfigMap | null): ClusterSummary | null {
  const text = object?.data?.[RUN_KEY.summary];
  return text === undefined ? null : (JSON.parse(text) as ClusterSummary);
}

/** True for a summary after which nothing more comes. */
export const isOver = ({ status }: ClusterSummary): boolean =>
  status !== 'Running' && status !== 'Interrupted';
