/** A job definition of AWS Batch in the words of Kubernetes: for a template or a pipeline. Pure. */
import type { JsonObject } from '@kube-transform/sdk';
import { type EndRule, endRules } from './batch-ends.js';
import { notCarried } from './batch-notes.js';
import {
  type BatchResources,
  nodesOf,
  type Note,
  objectName,
  resourcesOf,
  securityOf,
  storageOf,
} from './batch-container.js';
import type { BatchDefinition } from './batch-shape.js';

/** Text, or the name of a parameter whose value stands there. */
export type Part = string | { parameter: string };

/** What a job runs, and how. */
export interface BatchWork {
  name: string;
  image: string;
  args: Part[][];
  /** Parameters by their names, those without a default too. */
  parameters: Map<string, string | undefined>;
  env: [name: string, value: string][];
  secrets: { secret: string; keys: string[] };
  resources: BatchResources;
  /** Of the container. */
  security: JsonObject;
  volumes: JsonObject[];
  mounts: JsonObject[];
  nodeSelector: Record<string, string>;
  labels: Record<string, string>;
  attempts: number;
  rules: EndRule[];
  timeoutSec: number | undefined;
  serviceAccount: string | undefined;
  /** What was not carried over, or has to be there, in sentences. */
  notes: string[];
}

const REF = /Ref::([A-Za-z0-9_-]+)/g;
const LABEL_KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** Reads a definition; `serviceAccount`: that of its jobs. */
export function batchWork(
  { jobDefinitionName, parameters, tags, containerProperties: container, ...rest }: BatchDefinition,
  { serviceAccount }: { serviceAccount: string | undefined },
): BatchWork {
  const notes = notCarried(rest.raw);
  const note: Note = text => void notes.push(text);
  const name = definitionName(jobDefinitionName);
  if (name !== jobDefinitionName) note(`its name is "${name}" here, which can be a label`);
  const args = container.command.map(partsOf);
  const named = args.flat().flatMap(part => (typeof part === 'string' ? [] : [part.parameter]));
  if (container.jobRoleArn !== undefined && serviceAccount === undefined)
    note(
      `containerProperties.jobRoleArn is not carried over: annotate a service account with eks.amazonaws.com/role-arn: ${container.jobRoleArn}, and give --service-account NAME`,
    );
  const secret = `${objectName(name)}-secrets`;
  for (const { name: key, valueFrom } of container.secrets)
    note(`the Secret "${secret}" is to be there, with the key ${key}: the value of ${valueFrom}`);
  const { attempts, evaluateOnExit } = rest.retryStrategy;
  const rules = endRules(evaluateOnExit, (i, why) =>
    note(`retryStrategy.evaluateOnExit[${i}] is not carried over: ${why}`),
  );
  const timeoutSec = rest.timeout.attemptDurationSeconds;
  if (timeoutSec !== undefined && attempts > 1)
    note(
      'an attempt that takes longer than timeout.attemptDurationSeconds is tried again, which it was not there',
    );
  return {
    name,
    image: container.image,
    args,
    parameters: new Map([
      ...named.map((key): [string, undefined] => [key, undefined]),
      ...Object.entries(parameters),
    ]),
    env: container.environment.map(({ name: key, value = '' }) => [key, value]),
    secrets: { secret, keys: container.secrets.map(({ name: key }) => key) },
    resources: resourcesOf(container, note),
    security: securityOf(container, note),
    ...storageOf(container, note),
    nodeSelector: nodesOf(container, note),
    labels: labelsOf(tags, note),
    attempts,
    rules: attempts === 1 ? [] : rules,
    timeoutSec,
    serviceAccount,
    notes,
  };
}

/** Where texts of a command name parameters. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: whole, 1: parameter = '', index } of text.matchAll(REF)) {
    if (index > from) parts.push(text.slice(from, index));
    parts.push({ parameter });
    from = index + whole.length;
  }
  return from < text.length || parts.length === 0 ? [...parts, text.slice(from)] : parts;
}

/** What can be a label of Jobs: AWS allows longer names, and other ends. */
export const definitionName = (text: string): string =>
  text
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'job';

function labelsOf(tags: Readonly<Record<string, string>>, note: Note): Record<string, string> {
  const fits = ([key, value]: [string, string]): boolean => {
    const isLabel = LABEL_KEY.test(key) && LABEL_VALUE.test(value);
    if (!isLabel) note(`the tag ${JSON.stringify(key)} is not carried over: it can be no label`);
    return isLabel;
  };
  return Object.fromEntries(Object.entries(tags).filter(fits));
}
