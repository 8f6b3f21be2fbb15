/** The command `kt rollback`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { type ClusterOptions, withContextOptions } from './cluster-options.js';

/** `kt rollback`: the version before, or another one, becomes the deployed one. */
export function rollbackCommand({ output }: Cli): Command {
  const command = new Command('rollback')
    .summary('deploy an earlier version of a pipeline again')
    .description(
      'Makes the version before the deployed one, or that of --to, the deployed one, with its schedules. --list shows what there is.',
    )
    .argument('<pipeline>', 'name of a deployed pipeline')
    .option('--to <version>', 'the version (default: the one before)')
    .option('--list', 'list the versions', false);
  return withContextOptions(command).action(
    async (pipeline: string, options: ClusterOptions & { to?: string; list: boolean }) => {
      const { rollback } = await import('../deploy/rollback.js');
      await rollback(pipeline, options, output);
    },
  );
}
