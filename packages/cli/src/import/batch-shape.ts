/** What a job definition of AWS Batch holds, as far as it is carried over. */
import {
  flag,
  list,
  number,
  optional,
  orElse,
  positive,
  record,
  table,
  text,
} from '@kube-transform/runtime/internal';
import type { JsonObject } from '@kube-transform/sdk';

/** A condition of `evaluateOnExit`: patterns, `*` at the end of which stands for anything. */
export interface BatchCondition {
  action: string;
  onExitCode?: string;
  onReason?: string;
  onStatusReason?: string;
}

/** A volume: a folder of the machine, a file system of EFS, or else an empty folder. */
export interface BatchVolume {
  name: string;
  host?: { sourcePath?: string };
  efsVolumeConfiguration?: { fileSystemId: string };
}

/** The container of a definition; the words are those of AWS. */
export interface BatchContainer {
  image: string;
  command: string[];
  vcpus?: number;
  memory?: number;
  resourceRequirements: { type: string; value: string }[];
  jobRoleArn?: string;
  environment: { name: string; value?: string }[];
  secrets: { name: string; valueFrom: string }[];
  mountPoints: { sourceVolume?: string; containerPath?: string; readOnly?: boolean }[];
  volumes: BatchVolume[];
  user?: string;
  readonlyRootFilesystem?: boolean;
  privileged?: boolean;
  linuxParameters: {
    sharedMemorySize?: number;
    tmpfs: { containerPath: string; size: number }[];
  };
  ephemeralStorage?: { sizeInGiB: number };
  runtimePlatform: { cpuArchitecture?: string; operatingSystemFamily?: string };
}

/** A definition that can be carried over. */
export interface BatchDefinition {
  jobDefinitionName: string;
  parameters: Record<string, string>;
  tags: Record<string, string>;
  containerProperties: BatchContainer;
  retryStrategy: { attempts: number; evaluateOnExit: BatchCondition[] };
  timeout: { attemptDurationSeconds?: number };
  /** All of it, without what is null. */
  raw: JsonObject;
}

const container = record<BatchContainer>({
  image: text,
  command: orElse(list(text), []),
  vcpus: optional(number),
  memory: optional(number),
  resourceRequirements: orElse(
    list(record<{ type: string; value: string }>({ type: text, value: text })),
    [],
  ),
  jobRoleArn: optional(text),
  environment: orElse(
    list(record<{ name: string; value?: string }>({ name: text, value: optional(text) })),
    [],
  ),
  secrets: orElse(list(record<{ name: string; valueFrom: string }>({ name: text, valueFrom: text })), []),
  mountPoints: orElse(
    list(
      record<BatchContainer['mountPoints'][number]>({
        sourceVolume: optional(text),
        containerPath: optional(text),
        readOnly: optional(flag),
      }),
    ),
    [],
  ),
  volumes: orElse(
    list(
      record<BatchVolume>({
        name: text,
        host: optional(record<{ sourcePath?: string }>({ sourcePath: optional(text) })),
        efsVolumeConfiguration: optional(record<{ fileSystemId: string }>({ fileSystemId: text })),
      }),
    ),
    [],
  ),
  user: optional(text),
  readonlyRootFilesystem: optional(flag),
  privileged: optional(flag),
  linuxParameters: orElse(
    record<BatchContainer['linuxParameters']>({
      sharedMemorySize: optional(number),
      tmpfs: orElse(
        list(record<{ containerPath: string; size: number }>({ containerPath: text, size: number })),
        [],
      ),
    }),
    { tmpfs: [] },
  ),
  ephemeralStorage: optional(record<{ sizeInGiB: number }>({ sizeInGiB: number })),
  runtimePlatform: orElse(
    record<BatchContainer['runtimePlatform']>({
      cpuArchitecture: optional(text),
      operatingSystemFamily: optional(text),
    }),
    {},
  ),
});
const condition = record<BatchCondition>({
  action: text,
  onExitCode: optional(text),
  onReason: optional(text),
  onStatusReason: optional(text),
});
/** The shape of a definition. */
export const BATCH_DEFINITION = record<Omit<BatchDefinition, 'raw'>>({
  jobDefinitionName: text,
  parameters: orElse(table(text), {}),
  tags: orElse(table(text), {}),
  containerProperties: container,
  retryStrategy: orElse(
    record<BatchDefinition['retryStrategy']>({
      attempts: orElse(positive, 1),
      evaluateOnExit: orElse(list(condition), []),
    }),
    { attempts: 1, evaluateOnExit: [] },
  ),
  timeout: orElse(record<BatchDefinition['timeout']>({ attemptDurationSeconds: optional(positive) }), {}),
});
