/** The command `kt run`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { exitCodeOf } from '../terminal/exit.js';
import { containerImageOption, driveOptionsOf, type TypedDrive, withDriveOptions } from './options.js';
import { printHelp, requestOf, type TypedPipeline, withPipelineOptions } from './pipeline-options.js';

type Options = TypedDrive & TypedPipeline & { resume?: string; containerImage?: string };

/** `kt run`: a pipeline or a document, here. */
export function runCommand(cli: Cli): Command {
  const command = withPipelineOptions(new Command('run'))
    .summary('run a pipeline here: in this process, or in one process per core')
    .description(
      'Runs a pipeline (a name, file.ts or file.ts#name) or a document (spec.json) on this machine.\nThe parameters of a pipeline are flags of their own: kt run PIPELINE --help lists them.',
    )
    .option(
      '--resume <run>',
      'go on with a run that was interrupted (its id, the beginning of its id, or latest)',
    )
    .option('--run-id <id>', 'name of the new run')
    .addOption(containerImageOption());
  return withDriveOptions(command).action(async (typed: string | undefined, options: Options) => {
    const { output, signals } = cli;
    const request = requestOf(command, typed, options);
    if (options.help === true) return printHelp(command, request, output);
    const [{ storeOf }, { LocalBackend }, { beginRun, resumeRun }, { showStarted }] = await Promise.all([
      import('../backends/local/open-store.js'),
      import('../backends/local/local-backend.js'),
      import('../backends/local/start-run.js'),
      import('../views/show-started.js'),
    ]);
    const { resume, json } = options;
    const store = await storeOf(options.store);
    const drive = driveOptionsOf(command);
    const note = (text: string): void => output.err(text);
    const image = async (): Promise<string | undefined> => {
      const { containerImage, imageNote } = await import('../project/container-image.js');
      const found = await containerImage(options.containerImage);
      if (found !== undefined) note(imageNote(found));
      return found?.image;
    };
    const started =
      resume === undefined
        ? await beginRun(store, { ...request, containerImage: image }, drive)
        : await resumeRun(store, request, { ...drive, resume, note });
    await using backend = new LocalBackend(store);
    const status = await showStarted(backend, started, { follow: true, json, output, signals });
    if (status !== null) cli.exitWith(exitCodeOf(status));
  });
}
