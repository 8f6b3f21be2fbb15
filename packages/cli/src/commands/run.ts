/** The command `kt run`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { exitCodeOf } from '../terminal/exit.js';
import type { RunRequest } from '../pipeline/make-run.js';
import { collect, driveOptionsOf, functionsOption, type TypedDrive, withDriveOptions } from './options.js';

type Options = TypedDrive & {
  param: string[];
  functions: string[];
  resume?: string;
  runId?: string;
  help?: boolean;
};

/** `kt run`: a pipeline or a document, here. */
export function runCommand(cli: Cli): Command {
  const command = new Command('run')
    .summary('run a pipeline here: in this process, or in one process per core')
    .description(
      'Runs a pipeline (a name, file.ts or file.ts#name) or a document (spec.json) on this machine.\nThe parameters of a pipeline are flags of their own: kt run PIPELINE --help lists them.',
    )
    .argument('[pipeline]', 'name in pipelines/, path of a module, or document')
    .helpOption(false)
    .option('-h, --help', 'show this help, with the parameters of the pipeline where one is given')
    .option(
      '--param <key=value>',
      'a parameter, for names that are no flag of their own (repeatable)',
      collect,
      [],
    )
    .addOption(functionsOption())
    .option(
      '--resume <run>',
      'go on with a run that was interrupted (its id, the beginning of its id, or latest)',
    )
    .option('--run-id <id>', 'name of the new run')
    .allowUnknownOption()
    .allowExcessArguments();
  return withDriveOptions(command).action(async (typed: string | undefined, options: Options) => {
    const rest = command.args.slice(typed === undefined ? 0 : 1);
    const { output, signals } = cli;
    if (options.help === true) {
      output.out(command.helpInformation().trimEnd());
      if (typed === undefined) return;
      const { paramHelp } = await import('../pipeline/make-run.js');
      const text = await paramHelp(typed, options.functions);
      if (text !== undefined) output.out(text);
      return;
    }
    const [{ storeOf }, { LocalBackend }, { beginRun, resumeRun }, { showStarted }] = await Promise.all([
      import('../backends/local/open-store.js'),
      import('../backends/local/local-backend.js'),
      import('../backends/local/start-run.js'),
      import('../views/show-started.js'),
    ]);
    const { param: pairs, functions, runId, resume, json } = options;
    const request: RunRequest = { typed, rest, pairs, functions, runId };
    const store = await storeOf(options.store);
    const drive = driveOptionsOf(command);
    const note = (text: string): void => output.err(text);
    const started =
      resume === undefined
        ? await beginRun(store, request, drive)
        : await resumeRun(store, request, { ...drive, resume, note });
    await using backend = new LocalBackend(store);
    const status = await showStarted(backend, started, { follow: true, json, output, signals });
    if (status !== null) cli.exitWith(exitCodeOf(status));
  });
}
