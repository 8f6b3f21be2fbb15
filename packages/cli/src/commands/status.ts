import { Command } from 'commander';
import type { Cli } from '../cli.js';
import { jsonOption, storeOf, storeOption } from './options.js';

/** `kt status`: where a run stands, job by job. */
export function statusCommand({ output }: Cli): Command {
  return new Command('status')
    .summary('show where a run stands, job by job, and what failed')
    .description('Shows where a run stands: its jobs with their items, and its failures by kind.')
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (typed: string, options: { store?: string; json: boolean }) => {
      const [{ findRun }, { viewFailures }, { printStatus, statusJson }] = await Promise.all([
        import('../find-run.js'),
        import('../run-view.js'),
        import('../status-report.js'),
      ]);
      const store = await storeOf(options);
      const { runId } = await findRun(store, typed);
      const found = await viewFailures(store, runId);
      if (options.json) output.out(JSON.stringify(statusJson(found.view)));
      else printStatus(found, output);
    });
}
