/** The command `kt config`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { type ClusterOptions, withPodOptions } from './cluster-options.js';
import { jsonOption } from './options.js';

/** `kt config`: what holds for the cluster, and where it comes from. */
export function configCommand({ output }: Cli): Command {
  const command = new Command('config')
    .summary('show what holds for the cluster, and where it comes from')
    .description(
      'Shows the context, the namespace, the image and so on, each with where it comes from: what is typed, the environment (KT_CONTEXT,\nKT_NAMESPACE, KT_IMAGE, …), kt.config.ts or kt-contexts.json, and where there is none, what was used last here.',
    )
    .addOption(jsonOption());
  return withPodOptions(command).action(async ({ json, ...typed }: ClusterOptions & { json: boolean }) => {
    const { showConfig } = await import('../cluster/show-config.js');
    await showConfig(typed, { json, output });
  });
}
