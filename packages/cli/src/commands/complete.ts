/** The command `kt __complete`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { storeOption } from './options.js';

/** `kt __complete`: what the completion scripts ask for; silent where there is nothing. */
export function candidatesCommand({ output }: Cli): Command {
  return new Command('__complete')
    .argument('<what>')
    .addOption(storeOption())
    .action(async (what: string, options: { store?: string }) => {
      const names =
        what === 'pipelines'
          ? (await import('../project/pipeline-names.js')).pipelineNames(process.cwd())
          : what === 'runs'
            ? runs(options)
            : [];
      const found = await Promise.resolve(names).catch(() => []);
      const { plain } = await import('../terminal/plain-text.js');
      // A name that would be shown otherwise than it is cannot be typed either.
      for (const name of found) if (plain(name) === name) output.out(name);
    });
}

async function runs(options: { store?: string }): Promise<string[]> {
  const [{ runIds }, { storeOf }] = await Promise.all([
    import('../backends/local/find-runs.js'),
    import('../backends/local/open-store.js'),
  ]);
  return ['latest', ...(await runIds(await storeOf(options.store)))];
}
