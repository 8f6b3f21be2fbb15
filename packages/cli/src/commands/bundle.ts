/** The command `kt bundle`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { bytes, plural, printText, table } from '../terminal/output.js';
import { functionsOption, jsonOption } from './options.js';

interface Options {
  functions: string[];
  analyze: boolean;
  json: boolean;
}

const SHOWN = 25;

/** `kt bundle`: what workers and pods run. */
export function bundleCommand({ output }: Cli): Command {
  return new Command('bundle')
    .summary('bundle the functions of a pipeline, and show how large they are')
    .description(
      'Makes the bundle that workers and pods run, below .kt/bundles, and shows its functions and sizes.',
    )
    .argument('<pipeline>', 'name in pipelines/, path of a module, or document')
    .addOption(functionsOption())
    .option('--analyze', 'show what the bytes are made of', false)
    .addOption(jsonOption())
    .action(async (typed: string, options: Options) => {
      const [{ loadPipeline }, { measureBundle }, { KtError }] = await Promise.all([
        import('../pipeline/load-pipeline.js'),
        import('../bundle/bundle-sizes.js'),
        import('@kube-transform/sdk'),
      ]);
      const { bundle, catalog } = await loadPipeline(typed, options.functions);
      if (bundle === null) {
        throw new KtError({
          code: 'NO_FUNCTIONS',
          path: '--functions',
          message: 'A document has no functions of its own to bundle.',
          hint: 'Give --functions MODULE.',
        });
      }
      const sizes = await measureBundle(bundle);
      const functions = [...catalog.names()];
      if (options.json) {
        const { inputs, ...rest } = sizes;
        output.out(
          JSON.stringify({
            digest: bundle.digest,
            dir: bundle.dir,
            functions,
            sizes: options.analyze ? { ...rest, inputs } : rest,
          }),
        );
        return;
      }
      output.out(`bundle ${bundle.digest} in ${bundle.dir}`);
      output.out(
        `  ${plural(Object.keys(sizes.files).length, 'file')}, ${bytes(sizes.total)} (${bytes(sizes.gzip)} gzip); a worker starts with ${bytes(sizes.worker)}`,
      );
      output.out(`  ${plural(functions.length, 'function')}: ${functions.join(', ') || 'none'}`);
      if (!options.analyze) return;
      const rows = Object.entries(sizes.inputs).map(([name, size]) => [
        `  ${bytes(size)}`,
        `${((size * 100) / Math.max(1, sizes.total)).toFixed(1)}%`,
        name,
      ]);
      printText(output, table(rows.slice(0, SHOWN)));
      if (rows.length > SHOWN) output.out(`  … and ${rows.length - SHOWN} more`);
    });
}
