/** The command `kt status`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { exitCodeOf } from '../terminal/exit.js';
import { withContextOptions } from './cluster-options.js';
import { jsonOption, serverOption, storeOption } from './options.js';

/** `kt status`: where a run stands, step by step. */
export function statusCommand(cli: Cli): Command {
  const { output, signals } = cli;
  const command = new Command('status')
    .summary('show where a run stands, step by step, and what failed')
    .description(
      'Shows where a run stands: its steps with their items, what they wait for, the pods that\n' +
        'work on a cluster, and its failures by kind.\n' +
        'With --json, failures.groups has the kinds of failures with examples (at most 20 kinds), and failures.omitted\n' +
        'counts the failures of all other kinds.\n' +
        'A run that is not in the store here is looked for in the cluster of the last submit (or of KT_CONTEXT, KT_NAMESPACE).',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option('-f, --follow', 'stay, and show how it goes; Ctrl-C leaves the run alone', false)
    .addOption(storeOption())
    .addOption(serverOption())
    .addOption(jsonOption());
  return withContextOptions(command).action(
    async (typed: string, { json, follow, ...where }: WhereOptions & { json: boolean; follow: boolean }) =>
      cli.withBackend(where, async backend => {
        const run = await backend.find(typed);
        if (follow) {
          const { followRun } = await import('../views/follow-run.js');
          cli.exitWith(exitCodeOf(await followRun(backend, run, { output, json, signals })));
          return;
        }
        const [summary, { printStatus, printStatusJson }] = await Promise.all([
          backend.read(run),
          import('../views/print-status.js'),
        ]);
        (json ? printStatusJson : printStatus)(summary, run, output);
      }),
  );
}
