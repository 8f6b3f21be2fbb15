/** The command `kt graph`. */
import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import { printText } from '../terminal/output.js';
import type { GraphFormat } from '../pipeline/graph.js';

interface Options {
  format?: GraphFormat;
  out?: string;
}

/** `kt graph`: the steps of a pipeline and what they wait on. */
export function graphCommand({ output }: Cli): Command {
  return new Command('graph')
    .summary('draw the steps of a pipeline: Mermaid, Graphviz or SVG')
    .description('Draws the steps of a pipeline and what they wait on.')
    .argument('<pipeline>', 'name in pipelines/, path of a module, or document')
    .addOption(
      new Option(
        '--format <format>',
        'what to write (default: by the extension of --out, else mermaid)',
      ).choices(['mermaid', 'dot', 'svg']),
    )
    .option('--out <file>', 'write to a file')
    .action(async (typed: string, options: Options) => {
      const { renderGraph, writeGraph } = await import('../pipeline/render-graph.js');
      const text = await renderGraph(typed, options);
      if (options.out === undefined) printText(output, text);
      else output.out(`Wrote ${await writeGraph(options.out, text)}.`);
    });
}
