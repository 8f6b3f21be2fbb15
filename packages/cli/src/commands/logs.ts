/** The command `kt logs`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { EXIT } from '../terminal/exit.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { withContextOptions } from './cluster-options.js';
import { jsonOption, serverOption, storeOption } from './options.js';

interface Options extends WhereOptions {
  failed: boolean;
  previous: boolean;
  follow: boolean;
  json: boolean;
}

/** `kt logs`: what the items of a run printed. */
export function logsCommand(cli: Cli): Command {
  const { output, signals } = cli;
  const command = new Command('logs')
    .summary('show what the items of a run printed')
    .description(
      'Shows what the items of a run printed, in the order of time: STEP[INDEX]#ATTEMPT, level, message.\n' +
        'Of a run in a cluster it is read from the store by a pod, and with --follow from the pods of the run while they live.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .argument('[step]', 'a step, or one item of it as STEP/INDEX')
    .option('--failed', 'only items whose latest attempt failed, each with its cause', false)
    .option('--previous', 'only what the attempts before the latest printed', false)
    .option('-f, --follow', 'stay, and show what is printed, until the run has ended', false)
    .addOption(storeOption())
    .addOption(serverOption())
    .addOption(jsonOption().default(false, 'text'));
  return withContextOptions(command).action(
    async (typed: string, selector: string | undefined, options: Options) => {
      const { failed, previous, follow, json, ...where } = options;
      if (follow && (failed || previous)) {
        const { KtError } = await import('@kube-transform/sdk');
        const message = `--follow shows what is printed from now on, and --${failed ? 'failed' : 'previous'} what was printed.`;
        throw new KtError({ code: 'BAD_OPTIONS', path: '--follow', message, hint: 'Give one of them.' });
      }
      await cli.withBackend(where, async backend => {
        const run = await backend.find(typed);
        const { printFailed, printLines } = await import('../views/print-logs.js');
        const print = { output, json, source: run.source };
        const { left } = await untilInterrupted(signals, signal => {
          const which = { selector, previous, signal, note: (text: string) => output.err(text) };
          return failed
            ? printFailed(backend.failedLogs(run, which), print)
            : printLines(backend.logs(run, { ...which, follow }), print);
        });
        if (left) cli.exitWith(EXIT.interrupted);
      });
    },
  );
}
