/** The command `kt cancel`. */
import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { EXIT } from '../terminal/exit.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { coloured, plural } from '../terminal/output.js';
import { withContextOptions } from './cluster-options.js';
import { serverOption, spanOf, storeOption } from './options.js';
import { shellWord } from '../terminal/plain-text.js';

const duration = spanOf({ digits: 5, units: 'smh', expected: 'Expected a duration such as 30s or 5m.' });
const SHOWN = 5;

/** `kt cancel`: ends a run for good. */
export function cancelCommand(cli: Cli): Command {
  const { output, signals } = cli;
  const command = new Command('cancel')
    .summary('end a run for good, and its pods')
    .description(
      'Ends a run for good: what runs is stopped, what waits is not begun. In a cluster it waits until none of its pods is left.\n' +
        'A run that is driven here is stopped with Ctrl-C; once it is interrupted, kt cancel ends it.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the pods: 30s, 5m (default: 60s)').argParser(
        duration,
      ),
    )
    .addOption(storeOption())
    .addOption(serverOption());
  return withContextOptions(command).action(
    async (typed: string, { timeout: timeoutMs, ...where }: WhereOptions & { timeout?: number }) =>
      cli.withBackend(where, async backend => {
        const run = await backend.find(typed);
        const { runId } = run;
        const progress = (text: string): void =>
          output.err(text === '' ? `Run ${runId} is cancelled.` : `Cancelling run ${runId}: ${text}.`);
        const { left, result } = await untilInterrupted(signals, signal =>
          backend.cancel(run, { timeoutMs, progress, signal }),
        );
        const { pods = [], ended = false } = result ?? {};
        if (ended && pods.length === 0) {
          output.out(`Run ${runId} is ${coloured('Cancelled', 'Cancelled')}: nothing of it runs any more.`);
          return;
        }
        const state = ended ? 'is cancelled' : 'is to be cancelled, and has not ended yet';
        const hint = `See what becomes of it: kt status ${shellWord(runId)} --follow; or wait again: kt cancel ${shellWord(runId)}`;
        output.err(`Run ${runId} ${state}.${leftOf(pods)} ${hint}`);
        cli.exitWith(left ? EXIT.interrupted : EXIT.failed);
      }),
  );
}

function leftOf(pods: readonly string[]): string {
  if (pods.length === 0) return '';
  const names = `${pods.slice(0, SHOWN).join(', ')}${pods.length > SHOWN ? ', …' : ''}`;
  return ` ${plural(pods.length, 'pod')} of it ${pods.length === 1 ? 'is' : 'are'} left: ${names}.`;
}
