/** Draws the graph of a pipeline that is named, and writes it to a file. */
import { writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { isPipeline, KtError, mustParsePipeline } from '@kube-transform/sdk';
import { type GraphFormat, graphOf, toDot, toMermaid } from './graph.js';
import { makeFolder } from '@kube-transform/runtime/internal';
import { loadPipeline } from './load-pipeline.js';

const BY_EXTENSION: Record<string, GraphFormat> = {
  '.svg': 'svg',
  '.dot': 'dot',
  '.gv': 'dot',
  '.mmd': 'mermaid',
};

/** The graph of a pipeline or document. @throws KtError for whatever is wrong with it. */
export async function renderGraph(
  typed: string,
  { format, out }: { format?: GraphFormat; out?: string },
): Promise<string> {
  const { pipeline } = await loadPipeline(typed);
  const graph = graphOf(mustParsePipeline(isPipeline(pipeline) ? pipeline.toSpec() : pipeline));
  switch (format ?? BY_EXTENSION[extname(out ?? '')] ?? 'mermaid') {
    case 'dot':
      return toDot(graph);
    case 'mermaid':
      return toMermaid(graph);
    case 'svg':
      return (await import('./graph-svg.js')).toSvg(graph);
  }
}

/** Writes a file whose folder may be missing. @throws KtError `WRITE_FAILED`. */
export async function writeGraph(file: string, text: string): Promise<string> {
  try {
    await makeFolder(dirname(file));
    await writeFile(file, `${text}\n`);
    return file;
  } catch (error) {
    throw new KtError(
      {
        code: 'WRITE_FAILED',
        path: file,
        message: `The file cannot be written: ${(error as Error).message}.`,
        hint: 'Choose another --out.',
      },
      { cause: error },
    );
  }
}
