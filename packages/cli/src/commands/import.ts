/** The command `kt import`. */
import { Command, Option } from 'commander';
import type { ImportBatchOptions } from '../import/import-batch.js';
import type { ImportMeltanoOptions } from '../import/import-meltano.js';
import type { ImportOptions } from '../import/import-pipeline.js';
import type { Cli } from './command-context.js';

/** `kt import`: documents of other tools as pipeline files. */
export function importCommand(cli: Cli): Command {
  return new Command('import')
    .summary('write a pipeline file from a document of another tool')
    .description(
      'Writes a pipeline file from a document of another tool, or definitions of the job server. Files that exist are never overwritten.',
    )
    .addCommand(batchCommand(cli))
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

function batchCommand({ output }: Cli): Command {
  return new Command('batch')
    .summary('write definitions of the job server, or a pipeline, from job definitions of AWS Batch')
    .description(
      'Writes what stands for job definitions of AWS Batch (of one container): templates for kt serve, or with --as pipeline a pipeline for each:\n' +
        '  aws batch describe-job-definitions --status ACTIVE | kt import batch -\n' +
        'Ref::NAME becomes an argument with the default of its parameter. What is not carried over is told line by line, and noted in the file;\n' +
        'docs/from-aws-batch.md says what takes its place. Of several revisions the newest active one is taken.',
    )
    .argument('<file>', 'what describe-job-definitions prints or register-job-definition takes, - for a pipe')
    .argument('[names...]', 'job definitions to take (default: all)')
    .addOption(
      new Option('--as <what>', 'what to write').choices(['definitions', 'pipeline']).default('definitions'),
    )
    .option('--service-account <name>', 'service account of the jobs, in the place of their job role')
    .option(
      '--out <file>',
      'file to write, - to print it (default: job-definitions.yaml, or pipelines/NAME.ts)',
    )
    .action(async (file: string, names: string[], options: ImportBatchOptions) => {
      const { importBatch } = await import('../import/import-batch.js');
      await importBatch({ file, names }, options, output);
    });
}
