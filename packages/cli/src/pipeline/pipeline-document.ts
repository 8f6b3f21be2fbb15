/** Reads pipelines that are written as documents, in JSON. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { broken, parseJson } from '@kube-transform/runtime/internal';
import { KtError, type KTPipelineInput, parsePipeline } from '@kube-transform/sdk';

/** What a document says, unchecked. @throws KtError `BAD_DOCUMENT`. */
export async function readRawDocument(file: string): Promise<unknown> {
  const origin = {
    file: relative(process.cwd(), file),
    name: 'document',
    code: 'BAD_DOCUMENT',
    hint: 'A document is {"name": …, "jobs": […]}.',
  };
  const text = await readFile(file).catch((cause: unknown) => {
    throw broken(origin, (cause as Error).message, { cause });
  });
  return parseJson(text, origin);
}

/** A document that a pipeline can be made of. @throws KtError with every problem. */
export async function readPipelineDocument(file: string): Promise<KTPipelineInput> {
  const document = await readRawDocument(file);
  const parsed = parsePipeline(document);
  if (!parsed.ok)
    throw new KtError(
      parsed.problems.map(problem => ({
        ...problem,
        path: `${relative(process.cwd(), file)}: ${problem.path}`.replace(/: $/, ''),
      })),
    );
  return document as KTPipelineInput;
}
