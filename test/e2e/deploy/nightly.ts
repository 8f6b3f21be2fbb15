/** A project to deploy, and what a deployment leaves in a namespace. */
import { type KubeObject, LABEL, paths } from '@kube-transform/runtime/kubernetes';
import { makeProject } from '../../kit/kt.js';
import type { TestCluster } from '../kit/cluster.js';

/** A pipeline whose result says which source it is of. */
export const source = (
  factor: number,
  more = '',
): string => `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const times = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => n * ${factor});
export default pipeline('nightly', { params: z.object({ n: z.number().default(7) }) })
  .job('times', times, ({ params }) => ({ n: params.n }), { cpu: '20m', memory: '96Mi' })${more};
`;
export const BERLIN = `.schedule('30 2 * * *', { timeZone: 'Europe/Berlin' })`;
export const NOON = `.schedule('0 12 * * *')`;

/** A project "shop" with that pipeline. */
export const projectOf = (text: string, more: Record<string, string> = {}): Promise<string> =>
  makeProject({ 'package.json': '{"name":"shop","type":"module"}', 'pipelines/nightly.ts': text, ...more });

const FOLDERS = {
  ServiceAccount: paths.serviceAccounts,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
  ConfigMap: paths.configMaps,
  CronJob: paths.cronJobs,
};

/** What of kt there is, by kind and name, with the resource version. */
export async function objects({ api, namespace }: TestCluster): Promise<Record<string, string>> {
  const labelSelector = `${LABEL.managedBy}=kt,!${LABEL.run}`;
  const found = await Promise.all(
    Object.entries(FOLDERS).map(async ([kind, path]) => {
      const { items } = await api.list<KubeObject>(path(namespace), { labelSelector });
      return items.map(({ metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion ?? '']);
    }),
  );
  return Object.fromEntries(found.flat()) as Record<string, string>;
}
