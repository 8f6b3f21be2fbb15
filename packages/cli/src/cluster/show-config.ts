/** Prints the options that hold for the cluster, each with where it comes from. */
import { DEFAULT_IMAGE } from '@kube-transform/runtime/kubernetes';
import { contextOf } from './connect.js';
import { type Output, printText, table } from '../terminal/output.js';
import type { ChoiceKey, ClusterOptions } from '../project/resolve-context.js';

const DEFAULTS: readonly [ChoiceKey, string][] = [
  ['context', "the kubeconfig's current one"],
  ['namespace', "the context's, else default"],
  ['kubeconfig', 'KUBECONFIG, else ~/.kube/config'],
  ['image', DEFAULT_IMAGE],
  ['imagePullPolicy', 'Always from a registry, Never for a local image'],
  ['containerImage', 'none: container steps name theirs'],
  ['volume', 'none'],
  ['claim', 'none'],
  ['store', 'the folder of the volume'],
  ['storeSecret', 'none'],
  ['serviceAccount', 'kt-pod'],
  ['delivery', 'what the bundle needs'],
  ['repository', 'none'],
  ['platform', 'linux/amd64'],
  ['insecureRegistry', 'only with one on this machine'],
  ['build', 'none'],
  ['maxPods', '2000'],
  ['maxRuns', '50'],
  ['keepFinished', 'false'],
  ['defaults', 'none'],
];

/** Prints the configuration. @throws KtError as `loadConfig` and `resolveContext` do. */
export async function showConfig(
  typed: ClusterOptions,
  { json, output }: { json: boolean; output: Output },
): Promise<void> {
  const { name, values, from } = await contextOf(typed);
  if (json) {
    const entries = DEFAULTS.filter(([key]) => values[key] !== undefined).map(([key]) => [
      key,
      { value: values[key], from: from[key] },
    ]);
    printText(
      output,
      JSON.stringify({ context: name, values: Object.fromEntries(entries) as object }, null, 2),
    );
    return;
  }
  if (name !== null) output.out(`context "${name}"`);
  const rows = DEFAULTS.map(([key, byDefault]) => {
    const value = values[key];
    if (value === undefined) return [key, byDefault, 'by default'];
    return [key, typeof value === 'string' ? value : JSON.stringify(value), from[key] ?? ''];
  });
  printText(output, table([['WHAT', 'VALUE', 'FROM'], ...rows]));
}
