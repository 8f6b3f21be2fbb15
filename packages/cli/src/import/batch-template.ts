/** A job of AWS Batch as a definition of the job server: a Job as a template. Pure. */
import { omitUndefined } from '@kube-transform/sdk';
import { Document, isScalar, Scalar, visit } from 'yaml';
import { failurePolicy } from './batch-ends.js';
import type { BatchWork, Part } from './batch-work.js';

/** What a template may not call an argument. */
const RESERVED = new Set(
  (
    'set for in is not and or if else elif endif endfor true false none True False None loop self macro call ' +
    'filter raw block namespace range dict job_definition_name'
  ).split(' '),
);
/** What programs ask of AWS Batch by name; the index is empty where the job is no array. */
const GIVEN = {
  AWS_BATCH_JOB_ID: "metadata.labels['batch.kubernetes.io/job-name']",
  AWS_BATCH_JOB_ARRAY_INDEX: "metadata.annotations['batch.kubernetes.io/job-completion-index']",
};

/** The list of definitions, as `kt serve` reads it. */
export function definitionsYaml(works: readonly BatchWork[], file: string): string {
  const blocks = works.map(work => {
    const notes = work.notes.map(note => `# - ${oneLine(note)}\n`).join('');
    const lines = templateOf(work).trimEnd().split('\n');
    const body = lines.map(line => (line === '' ? '' : `    ${line}`)).join('\n');
    return `${notes === '' ? '' : `# ${work.name}:\n${notes}`}- name: ${JSON.stringify(work.name)}\n  spec: |\n${body}\n`;
  });
  return [`# Imported from ${oneLine(file)} by kt import batch.\n`, ...blocks].join('');
}

/** A job's parameters as a template names them, by their own names. */
export function argumentNames(work: BatchWork): Map<string, string> {
  const names = new Map<string, string>();
  for (const parameter of work.parameters.keys()) {
    const base = parameter.replaceAll(/\W/g, '_').replace(/^(?=\d|$)/, '_');
    let name = RESERVED.has(base) ? `${base}_` : base;
    while ([...names.values()].includes(name)) name += '_';
    names.set(parameter, name);
  }
  return names;
}

function templateOf(work: BatchWork): string {
  const writer = new TemplateText(work);
  const { resources, security, volumes, mounts, nodeSelector, secrets, labels } = work;
  const { cpu, memory, gpu, disk } = resources;
  const limits = omitUndefined({
    memory,
    'ephemeral-storage': disk,
    'nvidia.com/gpu': gpu === 0 ? undefined : gpu,
  });
  const requests = omitUndefined({ cpu, memory, 'ephemeral-storage': disk });
  const env = [
    ...Object.entries(GIVEN)
      .filter(([name]) => !work.env.some(([own]) => own === name))
      .map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
    ...work.env.map(([name, value]) => ({ name, value: writer.of([value]) })),
    ...secrets.keys.map(key => ({
      name: key,
      valueFrom: { secretKeyRef: { name: secrets.secret, key } },
    })),
  ];
  const container = omitUndefined({
    name: 'main',
    image: work.image,
    args: work.args.length === 0 ? undefined : work.args.map(parts => writer.of(parts)),
    env,
    resources: omitUndefined({ requests: orNone(requests), limits: orNone(limits) }),
    securityContext: orNone(security),
    volumeMounts: orNone(mounts),
  });
  return writer.yaml({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: omitUndefined({
      name: work.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-'),
      labels: orNone(labels),
    }),
    spec: omitUndefined({
      backoffLimit: work.attempts - 1,
      podFailurePolicy: failurePolicy(work.rules),
      template: {
        spec: omitUndefined({
          restartPolicy: 'Never',
          serviceAccountName: work.serviceAccount,
          activeDeadlineSeconds: work.timeoutSec,
          nodeSelector: orNone(nodeSelector),
          containers: [container],
          volumes: orNone(volumes),
        }),
      },
    }),
  });
}

/** Texts on their way through YAML: an argument in one stands there as a mark until it is written. */
class TemplateText {
  readonly #marks: string[] = [];
  readonly #names: Map<string, string>;
  readonly #defaults: BatchWork['parameters'];
  /** A sign that is nowhere in what is written. */
  readonly #sign: string;

  constructor(work: BatchWork) {
    this.#names = argumentNames(work);
    this.#defaults = work.parameters;
    const all = JSON.stringify(work);
    let code = 0xe000;
    while (all.includes(String.fromCharCode(code))) code++;
    this.#sign = String.fromCharCode(code);
  }

  /** A text in which Kubernetes would read `$(NAME)`, and does not. */
  of(parts: readonly Part[]): string {
    return parts
      .map(part =>
        typeof part === 'string'
          ? part.replaceAll(/\$(?=[$(]|$)/g, '$$$$')
          : this.#mark(this.#argument(part.parameter)),
      )
      .join('');
  }

  #argument(parameter: string): string {
    const name = this.#names.get(parameter) ?? parameter;
    const value = this.#defaults.get(parameter);
    return value === undefined ? `{{ ${name} }}` : `{{ ${name} | default(${jinjaText(value)}) }}`;
  }

  #mark(text: string): string {
    return `${this.#sign}${this.#marks.push(text) - 1}${this.#sign}`;
  }

  yaml(manifest: object): string {
    const document = new Document(manifest, { version: '1.1', aliasDuplicateObjects: false });
    visit(document, {
      // Exit codes, which may be many.
      Seq: (_, node) => {
        node.flow = node.items.every(item => isScalar(item) && typeof item.value === 'number');
      },
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string') return;
        // What Jinja would take for its own is printed by it.
        const before = new RegExp(`\\{(?=[{%#${this.#sign}]|$)`, 'g');
        node.value = node.value.replaceAll(before, () => this.#mark("{{ '{' }}"));
        if (!isPlain(node.value as string)) node.type = Scalar.QUOTE_DOUBLE;
      },
    });
    const text = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
    const marks = new RegExp(`${this.#sign}(\\d+)${this.#sign}`, 'g');
    return text.replaceAll(marks, (_, i: string) => this.#marks[Number(i)] ?? '');
  }
}

/** Words that are text in each YAML. */
const isPlain = (text: string): boolean =>
  /^[A-Za-z/][\w./:@-]*$/.test(text) &&
  !text.endsWith(':') &&
  !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text);

/** A text that Jinja prints into a text in double quotes, which YAML reads after it. */
const jinjaText = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const orNone = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
