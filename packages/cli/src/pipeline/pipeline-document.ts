/** Reads pipelines that are written as documents, in JSON. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { KtError, type KTPipelineInput, parsePipeline } from '@kube-transform/sdk';

/** What a document says, unchecked. @throws KtError `BAD_DOCUMENT`. */
export async function readRawDocument(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, '');
    const message = `The file cannot be read as JSON: ${reason}.`;
    throw new KtError(
      {
        code: 'BAD_DOCUMENT',
        path: relative(process.cwd(), file),
        message,
        hint: 'A document is {"name": …, "jobs": […]}.',
      },
      { cause: error },
    );
  }
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
