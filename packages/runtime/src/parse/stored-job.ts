/** The shape of a job as stores hold it: with everything filled in, and checked by whoever wrote it. */
import {
  type Backoff,
  JOB_STATUSES,
  type KTContainer,
  type KTContainerResult,
  type KTExitCodes,
  type KTJob,
  type KTTask,
  type KubernetesOptions,
} from '@kube-transform/sdk';
import {
  alike,
  among,
  count,
  flag,
  json,
  list,
  nullOr,
  number,
  object,
  oneOf,
  optional,
  orElse,
  positive,
  record,
  type Shape,
  table,
  text,
} from './shapes.js';

const objects = optional(list(object));
const word = optional(text);

/** The shape of what Kubernetes is told of a job's pods. */
export const KUBERNETES = record<KubernetesOptions>({
  nodeSelector: optional(table(text)),
  tolerations: objects,
  affinity: optional(object),
  priorityClassName: word,
  serviceAccountName: word,
  ephemeralStorage: word,
  image: word,
  imagePullPolicy: optional(oneOf('Always', 'IfNotPresent', 'Never')),
  queue: word,
  annotations: optional(table(text)),
  envFrom: objects,
  volumes: objects,
  volumeMounts: objects,
  startTimeout: word,
  podPatch: optional(object),
  containerPatch: optional(object),
  jobPatch: optional(object),
});

const words = list(json);

/** The shape of what a container job runs. */
const CONTAINER = record<KTContainer>({
  image: json,
  command: nullOr(words),
  args: words,
  env: table(json),
  workdir: json,
  result: value =>
    typeof value === 'string'
      ? oneOf('none', 'text', 'json')(value)
      : (object(value) as KTContainerResult & object),
  exitCodes: record<KTExitCodes>({ skip: list(count), final: list(count) }),
});

/** A number, or a share such as `5%`. */
export const countOrText: Shape<number | string> = value =>
  typeof value === 'string' ? value : count(value);

/** The shape of a job. */
export const JOB = record<KTJob>({
  type: oneOf('static', 'dynamic', 'map', 'container'),
  name: text,
  memory: text,
  cpu: text,
  dependencies: alike(list(text)),
  function: nullOr(text),
  args: alike(object),
  tasks: alike(list(record<KTTask>({ function: nullOr(text), args: alike(object) }))),
  items: json,
  // Older jobs have neither it nor inputs.
  container: orElse(nullOr(CONTAINER), null),
  retries: count,
  backoff: alike(record<Backoff>({ initial: text, factor: number, max: text })),
  timeout: nullOr(text),
  itemsPerPod: nullOr(positive),
  concurrency: nullOr(positive),
  parallelism: nullOr(positive),
  maxFailed: countOrText,
  failFast: flag,
  cache: flag,
  outputs: alike(list(json)),
  inputs: orElse(alike(list(json)), []),
  env: alike(table(text)),
  labels: alike(table(text)),
  gpu: count,
  // Jobs of 0.1.0 have neither.
  placement: orElse(oneOf('pod', 'controller'), 'pod'),
  reuse: orElse(oneOf('step', 'run'), 'step'),
  kubernetes: alike(KUBERNETES),
});

/** The shape of where a job stands. */
export const JOB_STATUS = among(JOB_STATUSES);
