/** What `kt import batch` does: job definitions of AWS Batch as templates, or as pipelines. */
import { KtError } from '@kube-transform/sdk';
import { type Output, plural, printText } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { readSource } from '../terminal/read-source.js';
import { batchCode } from './batch-code.js';
import { readBatch } from './batch-source.js';
import { argumentNames, definitionsYaml } from './batch-template.js';
import { type BatchWork, batchWork } from './batch-work.js';
import { putCode } from './import-pipeline.js';

/** How to import. */
export interface ImportBatchOptions {
  /** What is written: definitions of the job server, or pipelines. */
  as: 'definitions' | 'pipeline';
  /** Of all jobs. */
  serviceAccount?: string;
  /** The file that is written; `-` prints it. Default: `job-definitions.yaml`, `pipelines/NAME.ts`. */
  out?: string;
}

/**
 * Writes what stands for the definitions of a file, `-` for standard input; `names`: which, empty for all.
 *
 * @throws KtError `READ_FAILED`, `BAD_BATCH`, `BATCH_REFUSED`, then nothing is written; `FILE_EXISTS`,
 * `WRITE_FAILED`.
 */
export async function importBatch(
  { file: from, names }: { file: string; names: readonly string[] },
  { as, serviceAccount, out }: ImportBatchOptions,
  output: Output,
): Promise<void> {
  const { text, file } = await readSource(
    from,
    'Name a file with what aws batch describe-job-definitions prints, or - for a pipe.',
  );
  const { definitions, passed } = readBatch(text, { file, names });
  const works = definitions.map(definition => batchWork(definition, { serviceAccount }));
  refuseSameNames(works, file);
  const isPipeline = as === 'pipeline';
  if (isPipeline) works.forEach(notesOfPipeline);
  else works.forEach(notesOfArguments);
  const code = isPipeline ? batchCode(works, file) : definitionsYaml(works, file);
  const own = isPipeline
    ? `pipelines/${works.length === 1 ? (works[0]?.name ?? '') : 'batch'}.ts`
    : undefined;
  const target = out ?? own ?? 'job-definitions.yaml';
  const say = target === '-' ? output.err : output.out;
  if (target === '-') printText(output, code.trimEnd());
  else {
    await putCode(target, code);
    output.out(`Wrote ${target}: ${plural(works.length, isPipeline ? 'pipeline' : 'definition')}.`);
  }
  for (const sentence of passed) say(`  left out: ${sentence}`);
  for (const { name, notes } of works) for (const note of notes) say(`  ${name}: ${note}`);
  if (target === '-') return;
  const look = isPipeline
    ? `kt check ${shellWord(target)}`
    : `JOB_DEFINITIONS_CONFIG_PATH=${shellWord(target)} JOB_SIGNATURE=NAME JOB_NAMESPACE=NAMESPACE kt jobs check`;
  output.out(`  look at it: ${look}`);
}

function notesOfArguments(work: BatchWork): void {
  for (const [parameter, name] of argumentNames(work))
    if (parameter !== name) work.notes.push(`the parameter "${parameter}" is the argument "${name}"`);
}

/** Pods of pipelines have a user that is not root, unless they are told. */
function notesOfPipeline({ security, notes }: BatchWork): void {
  if (security['runAsUser'] === undefined)
    notes.push('its container has the user 65532 here: docs/containers.md says how an image is root');
}

function refuseSameNames(works: readonly BatchWork[], file: string): void {
  const names = works.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (twice.length === 0) return;
  throw new KtError(
    twice.map(name => ({
      code: 'BATCH_REFUSED',
      path: file,
      message: `Two of its definitions would be called "${name}" here.`,
      hint: 'Import one of them alone: kt import batch FILE NAME.',
    })),
  );
}
