/** The command `kt deploy`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { DeployOptions } from '../deploy/deploy-to.js';
import { withPodOptions } from './cluster-options.js';
import { jsonOption } from './options.js';

/** `kt deploy`: pipelines of this project as versions in a cluster, with their schedules and rights. */
export function deployCommand({ output }: Cli): Command {
  const command = new Command('deploy')
    .summary('bring the pipelines of this project into a cluster, with their schedules and rights')
    .description(
      'Bundles pipelines (by default all in pipelines/), checks them, and applies what they need: code, rights, and a CronJob for each schedule.\nWhat was applied before and is no longer there is deleted. kt submit then starts what is deployed.',
    )
    .argument('[pipelines...]', 'names in pipelines/, file.ts or file.ts#name')
    .option('--dry-run', 'say what would be done, and when schedules come next', false)
    .option('--diff', 'show what would change', false)
    .addOption(jsonOption());
  return withPodOptions(command).action(async (names: string[], options: DeployOptions) => {
    const { deploy } = await import('../deploy/deploy.js');
    await deploy(names, options, output);
  });
}
