/** What of a job definition of AWS Batch is not carried over, and what stands in its place. Pure. */
import type { JsonObject } from '@kube-transform/sdk';

/** Fields that are carried over, or say nothing of the job. */
const TAKEN = new Set(
  [
    'jobDefinitionName jobDefinitionArn revision status type containerOrchestrationType parameters tags',
    'containerProperties retryStrategy timeout retryStrategy.attempts retryStrategy.evaluateOnExit',
    'timeout.attemptDurationSeconds',
  ]
    .join(' ')
    .split(' ')
    .concat(
      [
        'image command vcpus memory resourceRequirements jobRoleArn environment secrets mountPoints volumes user',
        'readonlyRootFilesystem privileged linuxParameters linuxParameters.sharedMemorySize linuxParameters.tmpfs',
        'ephemeralStorage runtimePlatform runtimePlatform.cpuArchitecture runtimePlatform.operatingSystemFamily',
      ]
        .join(' ')
        .split(' ')
        .map(name => `containerProperties.${name}`),
    ),
);
/** Objects whose fields are looked at one by one. */
const OPENED = new Set([
  ...['containerProperties', 'retryStrategy', 'timeout'],
  ...['containerProperties.linuxParameters', 'containerProperties.runtimePlatform'],
]);
const INSTEAD: Readonly<Record<string, string>> = {
  'containerProperties.logConfiguration': 'what a container prints is its log',
  'containerProperties.executionRoleArn':
    'images are pulled with the rights of the node, or with imagePullSecrets of the service account',
  'containerProperties.repositoryCredentials': 'name a Secret in imagePullSecrets of the service account',
  'containerProperties.ulimits': 'those of the node hold for all',
  'containerProperties.networkConfiguration': 'pods have the network of the cluster; see NetworkPolicy',
  'containerProperties.fargatePlatformConfiguration': 'there are no platforms',
  'containerProperties.instanceType': 'choose nodes with a nodeSelector',
  'containerProperties.enableExecuteCommand': 'kubectl exec is there for those who have the right',
  'containerProperties.linuxParameters.devices':
    'devices are asked for as resources of a device plugin (GPUs are carried over)',
  'containerProperties.linuxParameters.initProcessEnabled': 'have tini or dumb-init in the image',
  'containerProperties.linuxParameters.maxSwap': 'the node says whether there is swap',
  'containerProperties.linuxParameters.swappiness': 'the node says whether there is swap',
  schedulingPriority: 'give the pods a PriorityClass',
  propagateTags: 'tags are labels of the Job',
  platformCapabilities: 'pods run on the nodes that there are',
  consumableResourceProperties: 'a ResourceQuota or a queue of Kueue counts what there is',
};

/** A sentence for each field that says something and is not carried over. */
export function notCarried(raw: JsonObject): string[] {
  const notes: string[] = [];
  const look = (fields: JsonObject, before: string): void => {
    for (const [key, value] of Object.entries(fields)) {
      const path = `${before}${key}`;
      if (isNothing(value)) continue;
      if (!TAKEN.has(path))
        notes.push(`${path} is not carried over: ${INSTEAD[path] ?? 'it is not known here'}`);
      else if (OPENED.has(path) && typeof value === 'object' && value !== null && !Array.isArray(value))
        look(value, `${path}.`);
    }
  };
  look(raw, '');
  return notes;
}

/** What is the same as if it were not there. */
const isNothing = (value: unknown): boolean =>
  [undefined, null, false, 0, ''].includes(value as null) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
