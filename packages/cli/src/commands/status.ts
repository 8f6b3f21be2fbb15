import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { exitCodeOf } from '../terminal/exit.js';
import { withPlaceOptions } from './cluster-options.js';
import { jsonOption, storeOption } from './options.js';

/** `kt status`: where a run stands, step by step. */
export function statusCommand(cli: Cli): Command {
  const { output } = cli;
  const command = new Command('status')
    .summary('show where a run stands, step by step, and what failed')
    .description(
      'Shows where a run stands: its steps with their items, what they wait for, and its failures by kind.\nA run that is not in the store here is looked for in the cluster of the last submit.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option('-f, --follow', 'stay, and show how it goes; Ctrl-C leaves the run alone', false)
    .addOption(storeOption())
    .addOption(jsonOption());
  return withPlaceOptions(command).action(
    async (typed: string, options: WhereOptions & { json: boolean; follow: boolean }) => {
      const { withRun } = await import('../open-backend.js');
      const { json, follow } = options;
      await withRun(typed, options, {
        local: async (store, runId) => {
          if (follow) {
            const { followLocal } = await import('../views/follow-run.js');
            cli.exitWith(exitCodeOf(await followLocal(store, runId, { output, json })));
            return;
          }
          const [{ refOf, viewRun }, { recordOf }, { printStatus }, { statusJson }] = await Promise.all([
            import('../backends/local/run-view.js'),
            import('../backends/local/stored-run.js'),
            import('../views/print-status.js'),
            import('../backends/status-json.js'),
          ]);
          const summary = await viewRun(store, runId);
          if (json) output.out(JSON.stringify(statusJson(summary)));
          else printStatus(summary, refOf(await recordOf(store, runId)), output);
        },
        cluster: async (api, run) => {
          if (follow) {
            const { followSession } = await import('../views/cluster-session.js');
            cli.exitWith(exitCodeOf(await followSession(api, run.runId, { output, json })));
            return;
          }
          const [{ viewClusterRun }, { clusterRef }, { printStatus }, { statusJson }] = await Promise.all([
            import('../backends/cluster/run-view.js'),
            import('../backends/cluster/find-runs.js'),
            import('../views/print-status.js'),
            import('../backends/status-json.js'),
          ]);
          const summary = await viewClusterRun(api, run);
          if (json) output.out(JSON.stringify(statusJson(summary)));
          else printStatus(summary, clusterRef(api, run), output);
        },
      });
    },
  );
}
