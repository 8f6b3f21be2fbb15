/** The command `kt import`. */
import { Command, Option } from 'commander';
import type { ImportMeltanoOptions } from '../import/import-meltano.js';
import type { ImportOptions } from '../import/import-pipeline.js';
import type { Cli } from './command-context.js';

/** `kt import`: documents of other tools as pipeline files. */
export function importCommand(cli: Cli): Command {
  return new Command('import')
    .summary('write a pipeline file from a document of another tool')
    .description(
      'Writes a pipeline file from a document of another tool. Files that exist are never overwritten.',
    )
    .addCommand(
      new Command('kube-transform')
        .summary("write a pipeline file from a document of kube-transform's")
        .description(
          "Writes a pipeline file from a document of kube-transform's (KTPipeline). With --image its functions of Python are called\n" +
            'in that image, by their names; without, and for dynamic jobs, there are functions of TypeScript to be written.',
        )
        .argument('<file>', 'the document, as JSON')
        .option('--image <image>', 'image with the functions, in /app/kt_functions')
        .option('--interpreter <program>', 'Python of the image (default: python)')
        .option('--out <file>', 'file to write, - to print it (default: pipelines/NAME.ts)')
        .action(async (file: string, options: ImportOptions) => {
          const { importKubeTransform } = await import('../import/import-pipeline.js');
          await importKubeTransform(file, options, cli.output);
        }),
    )
    .addCommand(
      new Command('meltano')
        .summary('write a pipeline file from the schedules of a Meltano project')
        .description(
          'Writes a pipeline file from the schedules of a Meltano project: a pipeline for each, of one container.',
        )
        .requiredOption('--image <image>', 'image with the Meltano project')
        .addOption(new Option('--environment <name>', 'environment of Meltano').env('MELTANO_ENVIRONMENT'))
        .option(
          '--from <file>',
          'what meltano schedule list --format=json has printed, - for standard input (default: Meltano is asked)',
        )
        .option('--out <file>', 'file to write, - to print it', 'pipelines/meltano.ts')
        .action(async (options: ImportMeltanoOptions) => {
          const { importMeltano } = await import('../import/import-meltano.js');
          await importMeltano(options, cli.output);
        }),
    );
}
