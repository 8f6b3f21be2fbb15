/** The command `kt retry`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { exitCodeOf } from '../terminal/exit.js';
import { withContextOptions } from './cluster-options.js';
import {
  driveOptionsOf,
  forceOption,
  functionsOption,
  serverOption,
  type TypedDrive,
  withDriveOptions,
} from './options.js';

type Options = TypedDrive &
  WhereOptions & { failed: boolean; functions: string[]; force?: string[]; follow: boolean };

/** `kt retry`: a new run that repeats what failed in another. */
export function retryCommand(cli: Cli): Command {
  const { output, signals } = cli;
  const command = new Command('retry')
    .summary('repeat what failed in a run, as a new run')
    .description(
      'Repeats what failed in a run, as a new run: what succeeded keeps its results. Items that were allowed to fail are repeated too, and\n' +
        'so is all that depends on what is repeated. The functions are taken as they are now.\n' +
        'With --force steps are repeated although they succeeded. A run of a cluster is repeated there; one of a job\n' +
        'server by it, with the code that it was begun with.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option(
      '--failed',
      'repeat only what failed (required without --force: a whole run is repeated with kt run or kt submit)',
      false,
    )
    .option('-f, --follow', 'in a cluster: stay, and show how it goes', false)
    .addOption(forceOption())
    .addOption(functionsOption())
    .addOption(serverOption());
  return withContextOptions(withDriveOptions(command)).action(async (typed: string, options: Options) => {
    const { failed, functions, force, follow, json, server, store, context, namespace, kubeconfig } = options;
    await cli.withBackend({ server, store, context, namespace, kubeconfig }, async backend => {
      const run = await backend.find(typed);
      if (!failed && force === undefined) {
        const { onlyWhatFailed } = await import('../backends/refusals.js');
        throw onlyWhatFailed(run);
      }
      const note = (text: string): void => output.err(text);
      const started = await backend.retry(run, {
        functions,
        note,
        ...(force === undefined ? {} : { force }),
        ...driveOptionsOf(command),
      });
      const { showStarted } = await import('../views/show-started.js');
      const status = await showStarted(backend, started, { follow, json, output, signals });
      if (status !== null) cli.exitWith(exitCodeOf(status));
    });
  });
}
