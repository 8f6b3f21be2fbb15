/** Checks what steps ask for against the quotas, limits and nodes of a cluster. Pure. */
import { type KTJob, parseQuantity } from '@kube-transform/sdk';
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import { type Finding, fine, problem } from './finding.js';

/** What a step's pod asks for. */
export interface Demand {
  step: string;
  cpu: number;
  memory: number;
  memoryLimit: number;
  gpu: number;
}

/** A ResourceQuota. */
export interface Quota extends KubeObject {
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}
interface Limit {
  type: string;
  max?: Record<string, string>;
  min?: Record<string, string>;
  default?: Record<string, string>;
}
/** A LimitRange. */
export interface LimitRange extends KubeObject {
  spec?: { limits?: Limit[] };
}
/** A Node of the cluster. */
export interface ClusterNode extends KubeObject {
  spec?: { unschedulable?: boolean };
  status?: { allocatable?: Record<string, string>; nodeInfo?: { architecture?: string } };
}

const LIMIT_FACTOR = 1.1;
/** Tenths of CPUs do not add up exactly. */
const ROUNDING = 1e-6;
/** Of a run beside its steps: the controller. */
const CONTROLLER_DEMAND: Demand = {
  step: 'the controller',
  cpu: 0.1,
  memory: 128 * 2 ** 20,
  memoryLimit: 512 * 2 ** 20,
  gpu: 0,
};

/** What the steps of pipelines ask for, and the controller. */
export function demandsOf(jobs: readonly { pipeline: string; job: KTJob }[]): Demand[] {
  const steps = jobs.map(({ pipeline, job }): Demand => {
    const memory = parseQuantity(job.memory) ?? 2 ** 30;
    return {
      step: `${pipeline}.${job.name}`,
      cpu: parseQuantity(job.cpu) ?? 0.5,
      memory,
      memoryLimit: memory * LIMIT_FACTOR,
      gpu: job.gpu,
    };
  });
  return [CONTROLLER_DEMAND, ...steps];
}

/** The step that asks for most; the controller where there is no step. */
function most([, first, ...rest]: readonly Demand[], of: (demand: Demand) => number): Demand {
  return first === undefined ? CONTROLLER_DEMAND : rest.reduce((a, b) => (of(b) > of(a) ? b : a), first);
}
const MEMORY_UNITS: readonly [number, string][] = [
  [2 ** 30, 'Gi'],
  [2 ** 20, 'Mi'],
];
const memoryText = (bytes: number): string => {
  const [size, unit] = MEMORY_UNITS.find(([of]) => bytes >= of) ?? [1, ''];
  return `${Number((bytes / size).toFixed(1))}${unit}`;
};

/** The limit on CPU that containers get which have none; undefined where they stay without. */
const defaultCpuLimit = (ranges: readonly LimitRange[]): string | undefined =>
  ranges
    .flatMap(({ spec }) => spec?.limits ?? [])
    .find(limit => limit.type === 'Container' && limit.default?.['cpu'] !== undefined)?.default?.['cpu'];

/** Whether one pod of each step, and the controller, fit into what quotas leave. */
export function quotaFindings(
  quotas: readonly Quota[],
  demands: readonly Demand[],
  ranges: readonly LimitRange[] = [],
): Finding[] {
  if (quotas.length === 0) return [fine('quota', 'The namespace has none.')];
  const needs: Record<string, (demand: Demand) => number> = {
    'requests.cpu': ({ cpu }) => cpu,
    cpu: ({ cpu }) => cpu,
    'requests.memory': ({ memory }) => memory,
    memory: ({ memory }) => memory,
    'limits.memory': ({ memoryLimit }) => memoryLimit,
    pods: () => 1,
    'count/pods': () => 1,
    'count/jobs.batch': () => 1,
    'count/configmaps': () => 1,
    configmaps: () => 1,
  };
  const found = quotas.flatMap(({ metadata, status }) =>
    Object.entries(status?.hard ?? {}).flatMap(([resource, hard]): Finding[] => {
      const need = needs[resource];
      if (resource === 'limits.cpu' && defaultCpuLimit(ranges) === undefined) {
        const message = `The quota "${metadata.name}" wants a limit on CPU, which pods of runs do not have.`;
        return [
          problem(
            'quota',
            message,
            'Give the namespace a LimitRange with a default limit on CPU, or take limits.cpu out of the quota.',
          ),
        ];
      }
      if (need === undefined) return [];
      const left = (parseQuantity(hard) ?? Infinity) - (parseQuantity(status?.used?.[resource] ?? '0') ?? 0);
      const step = most(demands, need);
      // A step's pod runs beside the controller.
      const wanted = need(CONTROLLER_DEMAND) + (step === CONTROLLER_DEMAND ? 0 : need(step));
      if (wanted - left < ROUNDING) return [];
      const text = (n: number): string =>
        resource.includes('memory') ? memoryText(n) : String(Number(n.toFixed(3)));
      const message = `The quota "${metadata.name}" leaves ${text(left)} of ${resource} (${hard} in all), and ${step === CONTROLLER_DEMAND ? 'the controller' : `${step.step} with the controller`} needs ${text(wanted)}.`;
      return [
        problem(
          'quota',
          message,
          'Raise the quota, ask for less in the step, or end what else runs in the namespace.',
        ),
      ];
    }),
  );
  return found.length > 0
    ? found
    : [
        fine(
          'quota',
          `The largest step fits into ${quotas.map(({ metadata }) => `"${metadata.name}"`).join(', ')}.`,
        ),
      ];
}

/** Whether each step's pod is within the limits of the namespace. */
export function limitFindings(ranges: readonly LimitRange[], demands: readonly Demand[]): Finding[] {
  const cpuLimit = defaultCpuLimit(ranges);
  const mostCpu = (max: string | undefined, { cpu }: Demand): string[] => {
    if (cpu > (parseQuantity(max ?? cpuLimit ?? '') ?? Infinity))
      return [`cpu ${cpu} > ${max ?? cpuLimit ?? ''}`];
    return max !== undefined && cpuLimit === undefined
      ? [`no limit on CPU, of which ${max} is the most`]
      : [];
  };
  const found = ranges.flatMap(({ metadata, spec }) =>
    (spec?.limits ?? [])
      .filter(({ type }) => type === 'Container' || type === 'Pod')
      .flatMap(({ max = {}, min = {} }) =>
        demands.flatMap((demand): Finding[] => {
          const over = [
            ...(demand.memoryLimit > (parseQuantity(max['memory'] ?? '') ?? Infinity)
              ? [`memory ${memoryText(demand.memoryLimit)} > ${max['memory'] ?? ''}`]
              : []),
            ...mostCpu(max['cpu'], demand),
            ...(demand.memory < (parseQuantity(min['memory'] ?? '') ?? 0)
              ? [`memory ${memoryText(demand.memory)} < ${min['memory'] ?? ''}`]
              : []),
            ...(demand.cpu < (parseQuantity(min['cpu'] ?? '') ?? 0)
              ? [`cpu ${demand.cpu} < ${min['cpu'] ?? ''}`]
              : []),
          ];
          if (over.length === 0) return [];
          const message = `The LimitRange "${metadata.name}" does not admit ${demand.step}: ${over.join(', ')}.`;
          return [problem('limits', message, 'Change what the step asks for, or the LimitRange.')];
        }),
      ),
  );
  if (found.length > 0) return found;
  return [fine('limits', ranges.length === 0 ? 'The namespace has none.' : 'Every step is within them.')];
}

/** Whether the largest request fits onto some node. */
export function nodeFindings(nodes: readonly ClusterNode[], demands: readonly Demand[]): Finding[] {
  const usable = nodes.filter(({ spec }) => spec?.unschedulable !== true);
  const sizes = usable.map(({ status }) => {
    const of = (name: string): number => parseQuantity(status?.allocatable?.[name] ?? '0') ?? 0;
    return { cpu: of('cpu'), memory: of('memory'), gpu: of('nvidia.com/gpu') };
  });
  const found = demands.flatMap((demand): Finding[] => {
    if (sizes.some(size => size.cpu >= demand.cpu && size.memory >= demand.memory && size.gpu >= demand.gpu))
      return [];
    const asks = `${demand.cpu} CPU, ${memoryText(demand.memory)}${demand.gpu > 0 ? `, ${demand.gpu} GPU` : ''}`;
    const most = (size: 'cpu' | 'memory'): number =>
      sizes.reduce((max, each) => Math.max(max, each[size]), 0);
    const largest = `${most('cpu')} CPU, ${memoryText(most('memory'))}`;
    const message = `No node has room for ${demand.step}, which asks for ${asks}; the largest has ${largest}.`;
    return [problem('nodes', message, 'Ask for less in the step, or give the cluster a larger node.')];
  });
  return found.length > 0
    ? found
    : [fine('nodes', `${usable.length} of ${nodes.length} take pods, and the largest step fits.`)];
}
