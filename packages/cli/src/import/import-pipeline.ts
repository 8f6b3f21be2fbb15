/** What `kt import` does: a document of another tool as a pipeline file. */
import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { makeFolder } from '@kube-transform/runtime/internal';
import { KtError, mustParsePipeline } from '@kube-transform/sdk';
import { readPipelineDocument } from '../pipeline/pipeline-document.js';
import type { Output } from '../terminal/output.js';
import { plural, printText } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { kubeTransformCode } from './kube-transform-code.js';

/** How to import. */
export interface ImportOptions {
  /** The file that is written; `-` prints it. Default: `pipelines/NAME.ts`. */
  out?: string;
  image?: string;
  interpreter?: string;
}

/**
 * Writes the pipeline of a document of kube-transform.
 *
 * @throws KtError of documents, `NOT_KUBE_TRANSFORM`, `FILE_EXISTS`, `WRITE_FAILED`.
 */
export async function importKubeTransform(
  file: string,
  { out, image, interpreter }: ImportOptions,
  output: Output,
): Promise<void> {
  const pipeline = mustParsePipeline(await readPipelineDocument(file));
  const others = pipeline.jobs.flatMap((job, i) =>
    job.type === 'static' || job.type === 'dynamic'
      ? []
      : [
          {
            code: 'NOT_KUBE_TRANSFORM',
            path: `${file}: jobs[${i}].type`,
            message: `A "${job.type}" job is none of kube-transform, whose jobs are "static" or "dynamic".`,
            hint: 'Run the document as it is: kt run takes files of JSON.',
          },
        ],
  );
  if (others.length > 0) throw new KtError(others);
  const { text, stubs } = kubeTransformCode(pipeline, {
    file: basename(file),
    image: image ?? null,
    interpreter: interpreter ?? null,
  });
  if (out === '-') return printText(output, text.trimEnd());
  const target = out ?? `pipelines/${pipeline.name.replaceAll(/[^\w.-]+|^\.+/g, '_')}.ts`;
  await putCode(target, text);
  output.out(`Wrote ${target}: ${plural(pipeline.jobs.length, 'job')} of ${file}.`);
  for (const name of stubs) output.out(`  to be written in TypeScript: ${name}`);
  output.out(`  look at it: kt graph ${shellWord(target)}`);
}

/** Writes a file that is not there yet. @throws KtError `FILE_EXISTS`, `WRITE_FAILED`. */
export async function putCode(target: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(target));
    await writeFile(target, text, { flag: 'wx' });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new KtError(
      {
        code: exists ? 'FILE_EXISTS' : 'WRITE_FAILED',
        path: target,
        message: exists
          ? 'The file exists already and is not overwritten.'
          : `It cannot be written: ${(cause as Error).message}.`,
        hint: 'Name another with --out FILE; --out - prints what would be written.',
      },
      { cause },
    );
  }
}
