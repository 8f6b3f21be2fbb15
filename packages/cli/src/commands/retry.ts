import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { exitCodeOf } from '../terminal/exit.js';
import { withPlaceOptions } from './cluster-options.js';
import { type CommandSession, functionsOption, withSessionOptions } from './options.js';

type Options = CommandSession & WhereOptions & { failed: boolean; functions: string[]; follow: boolean };

/** Options that say how a run is driven here. */
const HERE = ['executor', 'jobs', 'steal'];

/** `kt retry`: a new run that repeats what failed in another. */
export function retryCommand(cli: Cli): Command {
  const { output } = cli;
  const command = new Command('retry')
    .summary('repeat what failed in a run, as a new run')
    .description(
      'Repeats what failed in a run, as a new run: what succeeded keeps its results. The functions are taken as they are now.\nA run of a cluster is repeated there.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option(
      '--failed',
      'repeat only what failed (required: a whole run is repeated with kt run or kt submit)',
      false,
    )
    .option('-f, --follow', 'in a cluster: stay, and show how it goes', false)
    .addOption(functionsOption());
  return withPlaceOptions(withSessionOptions(command)).action(async (typed: string, options: Options) => {
    const { withRun } = await import('../open-backend.js');
    await withRun(typed, options, {
      local: async (store, runId) => {
        const [{ beginRetry }, { driveToEnd }] = await Promise.all([
          import('../backends/local/retry-run.js'),
          import('../views/drive-to-end.js'),
        ]);
        const session = await beginRetry(runId, { ...options, store, output });
        cli.exitWith(exitCodeOf(await driveToEnd(session, options)));
      },
      cluster: async (api, run) => {
        const flag = HERE.find(name => command.getOptionValueSource(name) === 'cli');
        if (flag !== undefined) {
          const { KtError } = await import('@kube-transform/sdk');
          const message = `--${flag} says how a run is driven here, and run "${run.runId}" is in a cluster.`;
          throw new KtError({ code: 'UNEXPECTED_OPTION', path: `--${flag}`, message, hint: 'Leave it out.' });
        }
        const { retryInCluster } = await import('../backends/cluster/retry-run.js');
        const status = await retryInCluster(api, run, { ...options, output });
        if (status !== null) cli.exitWith(exitCodeOf(status));
      },
    });
  });
}
