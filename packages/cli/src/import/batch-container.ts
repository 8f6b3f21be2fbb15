/** Parts of a container of AWS Batch in the words of Kubernetes. Pure. */
import type { JsonObject } from '@kube-transform/sdk';
import type { BatchContainer } from './batch-shape.js';

/** Takes a sentence on what is not carried over. */
export type Note = (text: string) => void;

/** Quantities of Kubernetes. */
export interface BatchResources {
  cpu?: string;
  memory?: string;
  gpu: number;
  disk?: string;
}

/** The name of an object or of a volume. */
export const objectName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replaceAll(/^-|-$/g, '') || 'x';

/** CPU, memory, GPUs and disk: `resourceRequirements` before the older fields. */
export function resourcesOf(
  { vcpus, memory, resourceRequirements, ephemeralStorage }: BatchContainer,
  note: Note,
): BatchResources {
  const wanted = new Map<string, string>([
    ...(vcpus === undefined ? [] : [['VCPU', String(vcpus)] as const]),
    ...(memory === undefined ? [] : [['MEMORY', String(memory)] as const]),
  ]);
  for (const { type, value } of resourceRequirements) wanted.set(type, value);
  const amount = (type: string): number | undefined => {
    const value = wanted.get(type);
    if (value === undefined) return undefined;
    const number = /^\d{1,9}(?:\.\d{1,6})?$/.test(value) ? Number(value) : 0;
    if (number > 0) return number;
    return void note(`${type} is ${JSON.stringify(value)}, which is no amount`);
  };
  const [cpu, mib, gpu, gib] = [amount('VCPU'), amount('MEMORY'), amount('GPU'), ephemeralStorage?.sizeInGiB];
  for (const type of wanted.keys())
    if (!['VCPU', 'MEMORY', 'GPU'].includes(type)) note(`resourceRequirements: ${type} is not known here`);
  return {
    gpu: gpu ?? 0,
    ...(cpu === undefined ? {} : { cpu: Number.isInteger(cpu) ? String(cpu) : `${Math.ceil(cpu * 1000)}m` }),
    ...(mib === undefined ? {} : { memory: mib % 1024 === 0 ? `${mib / 1024}Gi` : `${Math.ceil(mib)}Mi` }),
    ...(gib === undefined ? {} : { disk: `${gib}Gi` }),
  };
}

/** User and rights, as a container has them. */
export function securityOf(
  { user, readonlyRootFilesystem, privileged }: BatchContainer,
  note: Note,
): JsonObject {
  const [, uid, gid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(user === 'root' ? '0' : (user ?? '')) ?? [];
  if (user !== undefined && user !== '' && uid === undefined)
    note(`containerProperties.user is not carried over: Kubernetes wants the number of "${user}"`);
  if (privileged === true) note('it is privileged, which a namespace has to admit (Pod Security)');
  return {
    ...(uid === undefined ? {} : { runAsUser: Number(uid) }),
    ...(gid === undefined ? {} : { runAsGroup: Number(gid) }),
    ...(readonlyRootFilesystem === true ? { readOnlyRootFilesystem: true } : {}),
    ...(privileged === true ? { privileged: true } : {}),
  };
}

/** Volumes and where they are mounted, memory as a folder among them. */
export function storageOf(
  { volumes, mountPoints, linuxParameters }: BatchContainer,
  note: Note,
): { volumes: JsonObject[]; mounts: JsonObject[] } {
  const made = volumes.map(({ name, host, efsVolumeConfiguration: efs }): JsonObject => {
    const own = objectName(name);
    if (efs !== undefined) {
      note(
        `the PersistentVolumeClaim "${own}" is to be there, for the file system ${efs.fileSystemId} of EFS`,
      );
      return { name: own, persistentVolumeClaim: { claimName: own } };
    }
    if (host?.sourcePath === undefined) return { name: own, emptyDir: {} };
    note(`volume "${name}" is the folder ${host.sourcePath} of the node, which a namespace has to admit`);
    return { name: own, hostPath: { path: host.sourcePath } };
  });
  const mounts = mountPoints.flatMap(({ sourceVolume = '', containerPath = '', readOnly }): JsonObject[] => {
    if (containerPath !== '' && volumes.some(({ name }) => name === sourceVolume)) {
      const mount = { name: objectName(sourceVolume), mountPath: containerPath };
      return [readOnly === true ? { ...mount, readOnly } : mount];
    }
    note(
      `a mount point is not carried over: it names the volume "${sourceVolume}" and the path "${containerPath}"`,
    );
    return [];
  });
  const { sharedMemorySize, tmpfs } = linuxParameters;
  const inMemory = [
    ...(sharedMemorySize === undefined || sharedMemorySize === 0
      ? []
      : [{ containerPath: '/dev/shm', size: sharedMemorySize }]),
    ...tmpfs,
  ];
  for (const [i, { containerPath, size }] of inMemory.entries()) {
    made.push({ name: `memory-${i}`, emptyDir: { medium: 'Memory', sizeLimit: `${size}Mi` } });
    mounts.push({ name: `memory-${i}`, mountPath: containerPath });
  }
  return { volumes: made, mounts };
}

/** Labels that a node must have. */
export function nodesOf({ runtimePlatform }: BatchContainer, note: Note): Record<string, string> {
  const { cpuArchitecture: cpu, operatingSystemFamily: system } = runtimePlatform;
  const arch = cpu === undefined ? undefined : { X86_64: 'amd64', ARM64: 'arm64' }[cpu];
  if (cpu !== undefined && arch === undefined)
    note(`runtimePlatform.cpuArchitecture "${cpu}" is not known here`);
  return {
    ...(arch === undefined ? {} : { 'kubernetes.io/arch': arch }),
    ...(system?.startsWith('WINDOWS') === true ? { 'kubernetes.io/os': 'windows' } : {}),
  };
}
