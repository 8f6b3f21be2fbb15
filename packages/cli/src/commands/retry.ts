import { Command } from 'commander';
import type { Cli } from '../cli.js';
import { exitCodeOf } from '../exit.js';
import { type CommandSession, functionsOption, storeOf, withSessionOptions } from './options.js';

type Options = CommandSession & { failed: boolean; functions: string[] };

/** `kt retry`: a new run that repeats what failed in another. */
export function retryCommand(cli: Cli): Command {
  const command = new Command('retry')
    .summary('repeat what failed in a run, as a new run')
    .description('Repeats what failed in a run, as a new run: what succeeded keeps its results. The functions are taken as they are now.')
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option('--failed', 'repeat only what failed (required: a whole run is repeated with kt run)', false)
    .addOption(functionsOption());
  return withSessionOptions(command).action(async (typed: string, options: Options) => {
    const [{ beginRetry }, { driveToEnd }] = await Promise.all([import('../begin-retry.js'), import('../drive-to-end.js')]);
    const session = await beginRetry(typed, { ...options, store: await storeOf(options), output: cli.output });
    cli.exitWith(exitCodeOf(await driveToEnd(session, options)));
  });
}
