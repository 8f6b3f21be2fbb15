/** The command `kt verify`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { plural } from '../terminal/output.js';
import { jsonOption, storeOption } from './options.js';

/** `kt verify`: proves that what is stored of a run is whole. */
export function verifyCommand({ output }: Cli): Command {
  return new Command('verify')
    .summary('prove that what is stored of a run is whole')
    .description(
      'Reads all that a store holds of a run: each file whole, no segment missing, a result for each item of a step that has ended.\n' +
        'Exit code 0: it is whole. 2: it is not; each file is named with what is wrong. kt repair takes away what is damaged.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (typed: string, { store: url, json }: { store?: string; json: boolean }) => {
      const [{ storeOf }, { findRun }, { verifyRun }, { KtError }] = await Promise.all([
        import('../backends/local/open-store.js'),
        import('../backends/local/find-runs.js'),
        import('@kube-transform/runtime/internal'),
        import('@kube-transform/sdk'),
      ]);
      await using store = await storeOf(url);
      const health = await verifyRun(store, await findRun(store, typed));
      const { runId, status, facts, results, problems } = health;
      if (json) output.out(JSON.stringify(health));
      if (problems.length > 0) throw new KtError(problems);
      if (!json)
        output.out(
          `Run ${runId} (${status}) is whole: ${plural(facts, 'fact')}, ${plural(results, 'line')} of results.`,
        );
    });
}
