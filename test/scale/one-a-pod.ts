/** The pipeline of the script that gives each item a pod of its own: a list, and a map over it. */
import { ktFunction, type KubernetesOptions, pipeline, type Pipeline } from '@kube-transform/sdk';
import * as z from 'zod';

export const list = ktFunction(({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i));
export const one = ktFunction(({ x }: { x: number }) => x);

const small = { cpu: '50m', memory: '192Mi' } as const;
const ofPods = (parallelism: number, kubernetes: KubernetesOptions = {}): Pipeline =>
  pipeline('one-a-pod', { params: z.object({ n: z.number() }) })
    .job('list', list, ({ params }) => ({ n: params.n }), small)
    .map('one', one, ({ list: numbers }) => numbers.each(x => ({ x })), {
      ...{ ...small, itemsPerPod: 1, parallelism, kubernetes },
    });
export default ofPods;
