/** Jobs of AWS Batch as a file of TypeScript: each is a pipeline of one container. Pure. */
import { type JsonObject, omitUndefined } from '@kube-transform/sdk';
import { finalCodes } from './batch-ends.js';
import type { BatchWork, Part } from './batch-work.js';
import {
  Code,
  importCode,
  literal,
  Names,
  pipelineCode,
  quoted,
  stepLines,
  type Value,
} from './source-text.js';

/** The code; one pipeline is the default export, several have names. */
export function batchCode(works: readonly BatchWork[], file: string): string {
  const imports = new Set(['pipeline']);
  const names = new Names();
  const pipelines = works.map(work => {
    const code = pipelineOf(work, imports);
    const head = works.length === 1 ? 'export default ' : `export const ${names.of(work.name)} = `;
    return `${notesOf(work)}${head}${code};\n`;
  });
  const zod = works.some(({ parameters }) => parameters.size > 0) ? "import * as z from 'zod';\n" : '';
  const from = file.replaceAll(/[\p{Cc}\u2028\u2029]+|\*\//gu, ' ');
  return [
    `/** Imported from ${from} by kt import batch. */\n` +
      `${importCode(imports, '@kube-transform/sdk')}${zod}`,
    ...pipelines,
  ].join('\n');
}

function notesOf({ notes }: BatchWork): string {
  const lines = notes.map(note => `//  - ${note.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}\n`);
  return lines.length === 0 ? '' : `// Of AWS Batch:\n${lines.join('')}`;
}

function pipelineOf(work: BatchWork, imports: Set<string>): string {
  const { parameters } = work;
  const usesRefs = work.args.flat().some(part => typeof part !== 'string');
  if (work.args.some(parts => parts.length > 1)) imports.add('text');
  const run: { [key: string]: Value } = {
    image: work.image,
    ...(work.args.length === 0 ? {} : { args: work.args.map(argument) }),
    ...(work.env.length === 0 ? {} : { env: entries(work.env) }),
    ...omitUndefined({ exitCodes: exitCodes(work) }),
  };
  const options = optionsOf(work);
  const step = (indent: number): string => {
    if (!usesRefs) return stepLines({ method: 'container', name: 'main', given: [run], options }, indent);
    const isLast = Object.keys(options).length === 0;
    const code = new Code(`({ params }) => (${literal(run, indent + (isLast ? 0 : 2))})`);
    return stepLines({ method: 'container', name: 'main', given: [code], options }, indent);
  };
  if (parameters.size === 0) return pipelineCode(work.name, [step]);
  const fields = entries(
    [...parameters].map(([name, value]) => [
      name,
      new Code(value === undefined ? 'z.string()' : `z.string().default(${quoted(value)})`),
    ]),
  );
  return pipelineCode(work.name, [step], `{\n  params: z.object(${literal(fields, 2)}),\n}`);
}

/** An object of entries, whatever their names. */
function entries<T extends Value>(pairs: readonly (readonly [string, T])[]): { [key: string]: T } {
  const made: { [key: string]: T } = {};
  for (const [name, value] of pairs)
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

function argument(parts: readonly Part[]): Value {
  const [only = '', ...more] = parts;
  if (more.length === 0) return typeof only === 'string' ? only : new Code(paramOf(only.parameter));
  const inside = parts.map(part =>
    typeof part === 'string' ? escaped(part) : `\${${paramOf(part.parameter)}}`,
  );
  return new Code(`text\`${inside.join('')}\``);
}

const paramOf = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? `params.${name}` : `params[${quoted(name)}]`;

/** Text within a template literal, on one line. */
const escaped = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll(/`|\$(?=\{)/g, sign => `\\${sign}`);

function exitCodes({ rules }: BatchWork): Value | undefined {
  const final = finalCodes(rules);
  return final.length === 0 ? undefined : { final };
}

function optionsOf(work: BatchWork): { [key: string]: Value } {
  const { resources, attempts, timeoutSec, labels } = work;
  const kubernetes = kubernetesOf(work);
  return omitUndefined({
    memory: resources.memory,
    cpu: resources.cpu,
    gpu: resources.gpu === 0 ? undefined : resources.gpu,
    retries: attempts === 1 ? undefined : attempts - 1,
    timeout: timeoutSec === undefined ? undefined : `${timeoutSec}s`,
    labels: orNone(labels),
    kubernetes: orNone(kubernetes),
  });
}

function kubernetesOf(work: BatchWork): JsonObject {
  const { resources, security, volumes, mounts, nodeSelector, secrets, serviceAccount } = work;
  const isRoot = security['runAsUser'] === 0;
  const own = isRoot ? { ...security, runAsNonRoot: false } : security;
  return omitUndefined({
    serviceAccountName: serviceAccount,
    ephemeralStorage: resources.disk,
    nodeSelector: orNone(nodeSelector),
    envFrom: secrets.keys.length === 0 ? undefined : [{ secretRef: { name: secrets.secret } }],
    volumes: volumes.length === 0 ? undefined : volumes,
    volumeMounts: mounts.length === 0 ? undefined : mounts,
    containerPatch: orNone(own) === undefined ? undefined : { securityContext: own },
  });
}

const orNone = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;
