/** The command `kt runs`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { withContextOptions } from './cluster-options.js';
import { jsonOption, serverOption, storeOption } from './options.js';

/** `kt runs`: the runs of a store and of a cluster. */
export function runsCommand(cli: Cli): Command {
  const { output } = cli;
  const command = new Command('runs')
    .summary('list the runs of the store and of the cluster, the newest first')
    .description(
      'Lists the runs of the store here, and those of the cluster of the last submit (or of KT_CONTEXT, KT_NAMESPACE), the newest first.',
    )
    .addOption(storeOption())
    .addOption(serverOption())
    .addOption(jsonOption());
  return withContextOptions(command).action(async ({ json, ...where }: WhereOptions & { json: boolean }) =>
    cli.withBackend(where, async backend => {
      const [runs, { printRuns, runJson }] = await Promise.all([
        backend.list(),
        import('../views/print-runs.js'),
      ]);
      if (json) output.out(JSON.stringify(runs.map(runJson)));
      else printRuns(runs, backend, output);
    }),
  );
}
