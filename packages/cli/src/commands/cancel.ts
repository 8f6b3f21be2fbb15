import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { EXIT } from '../terminal/exit.js';
import { coloured, plural } from '../terminal/output.js';
import { withPlaceOptions } from './cluster-options.js';
import { spanOf, storeOption } from './options.js';

const TIMEOUT_MS = 60_000;

const duration = spanOf({ digits: 5, units: 'smh', expected: 'Expected a duration such as 30s or 5m.' });

/** `kt cancel`: ends a run for good. */
export function cancelCommand(cli: Cli): Command {
  const { output } = cli;
  const command = new Command('cancel')
    .summary('end a run for good, and its pods')
    .description(
      'Ends a run for good: what runs is stopped, what waits is not begun. In a cluster it waits until none of its pods is left.\nA run that is driven here is stopped with Ctrl-C; once it is interrupted, kt cancel ends it.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the pods: 30s, 5m (default: 60s)').argParser(
        duration,
      ),
    )
    .addOption(storeOption());
  return withPlaceOptions(command).action(
    async (typed: string, options: WhereOptions & { timeout?: number }) => {
      const { withRun } = await import('../open-backend.js');
      await withRun(typed, options, {
        local: async (store, runId) => {
          const { cancelLocal } = await import('../backends/local/cancel-run.js');
          await cancelLocal(store, runId);
          output.out(`Run ${runId} is ${coloured('Cancelled', 'Cancelled')}.`);
        },
        cluster: async (api, run) => {
          const [{ cancelRun }, { untilInterrupted }] = await Promise.all([
            import('../backends/cluster/cancel-run.js'),
            import('../views/cluster-session.js'),
          ]);
          const timeoutMs = options.timeout ?? TIMEOUT_MS;
          const { runId } = run;
          const progress = (text: string): void =>
            output.err(text === '' ? `Run ${runId} is cancelled.` : `Cancelling run ${runId}: ${text}.`);
          const { left, result } = await untilInterrupted(signal =>
            cancelRun(api, run, { timeoutMs, progress, signal }),
          );
          const { pods = [], ended = false } = result ?? {};
          if (ended && pods.length === 0) {
            output.out(`Run ${runId} is ${coloured('Cancelled', 'Cancelled')}: none of its pods is left.`);
            return;
          }
          const rest =
            pods.length === 0
              ? ''
              : ` ${plural(pods.length, 'pod')} of it ${pods.length === 1 ? 'is' : 'are'} left: ${pods.slice(0, 5).join(', ')}${pods.length > 5 ? ', …' : ''}.`;
          output.err(
            `Run ${runId} ${ended ? 'is cancelled' : 'is to be cancelled, and has not ended yet'}.${rest} See what becomes of it: kt status ${runId} --follow; or wait again: kt cancel ${runId}`,
          );
          cli.exitWith(left ? EXIT.interrupted : EXIT.failed);
        },
      });
    },
  );
}
