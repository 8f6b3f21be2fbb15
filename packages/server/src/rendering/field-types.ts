/** What fields of a Job want: text, numbers, truths. Pure. */
import type { Json } from '@kube-transform/sdk';
import { TemplateError } from '../jinja/template-error.js';

/** Where a value stands: the keys that lead to it. */
export type FieldPath = readonly (string | number)[];

const TEXT_LISTS = new Set(['command', 'args', 'finalizers']);
const TEXT_TABLES = new Set(['labels', 'annotations', 'nodeSelector', 'matchLabels', 'requests', 'limits']);
const TEXTS = new Set([
  ...[
    'name',
    'namespace',
    'value',
    'image',
    'imagePullPolicy',
    'workingDir',
    'serviceAccountName',
    'serviceAccount',
  ],
  ...[
    'restartPolicy',
    'completionMode',
    'priorityClassName',
    'schedulerName',
    'nodeName',
    'hostname',
    'subdomain',
  ],
  ...[
    'mountPath',
    'subPath',
    'claimName',
    'secretName',
    'key',
    'operator',
    'effect',
    'topologyKey',
    'apiVersion',
  ],
  ...[
    'kind',
    'runtimeClassName',
    'dnsPolicy',
    'terminationMessagePath',
    'cpu',
    'memory',
    'sizeLimit',
    'storage',
  ],
]);
const NUMBERS = new Set([
  ...['activeDeadlineSeconds', 'backoffLimit', 'backoffLimitPerIndex', 'completions', 'maxFailedIndexes'],
  ...['parallelism', 'ttlSecondsAfterFinished', 'terminationGracePeriodSeconds', 'priority', 'runAsUser'],
  ...['runAsGroup', 'fsGroup', 'containerPort', 'hostPort', 'defaultMode', 'mode', 'initialDelaySeconds'],
  ...[
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
    'tolerationSeconds',
    'weight',
  ],
  ...['expirationSeconds', 'maxSkew'],
]);
const TRUTHS = new Set([
  ...['suspend', 'automountServiceAccountToken', 'enableServiceLinks', 'hostNetwork', 'hostPID', 'hostIPC'],
  ...[
    'hostUsers',
    'shareProcessNamespace',
    'stdin',
    'stdinOnce',
    'tty',
    'readOnly',
    'optional',
    'privileged',
  ],
  ...['allowPrivilegeEscalation', 'readOnlyRootFilesystem', 'runAsNonRoot', 'setHostnameAsFQDN', 'immutable'],
]);

type Want = 'text' | 'number' | 'truth' | undefined;

/** What a field wants; undefined where that is not known. */
export function wanted(path: FieldPath): Want {
  const [above, key] = [path.at(-2), path.at(-1)];
  if (typeof key === 'number') return TEXT_LISTS.has(String(above)) ? 'text' : undefined;
  if (TEXT_TABLES.has(String(above))) return 'text';
  const name = key ?? '';
  return TEXTS.has(name) ? 'text' : NUMBERS.has(name) ? 'number' : TRUTHS.has(name) ? 'truth' : undefined;
}

/** A value as its field wants it. `text`: how it was written. @throws TemplateError where that cannot be. */
export function fitting(path: FieldPath, value: Json, text: string): Json {
  const want = wanted(path);
  const key = path.at(-1);
  if (typeof key === 'string' && TEXT_LISTS.has(key) && value !== null) return textsOf(path, value);
  if (want === 'text') {
    if (typeof value === 'object' && value !== null)
      throw new TemplateError(
        `${fieldName(path)} wants text, but gets ${Array.isArray(value) ? 'a list' : 'an object'}.`,
      );
    return value === null && typeof path.at(-1) === 'string' ? null : text;
  }
  if (want === 'number' && /^(0|-?[1-9]\d{0,15})$/.test(text)) return Number(text);
  if (want === 'truth' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return value;
}

/** A list of texts. */
function textsOf(path: FieldPath, value: Json): string[] {
  if (Array.isArray(value) && value.every(one => typeof one !== 'object' || one === null))
    return value.map(one => String(one));
  throw new TemplateError(`${fieldName(path)} wants a list of texts, and gets something else.`);
}

/** `spec.template.spec.containers[0].image`. */
export const fieldName = (path: FieldPath): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
