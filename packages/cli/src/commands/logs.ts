import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { EXIT } from '../terminal/exit.js';
import { withPlaceOptions } from './cluster-options.js';
import { jsonOption, storeOption } from './options.js';

interface Options extends WhereOptions {
  failed: boolean;
  previous: boolean;
  follow: boolean;
  json: boolean;
}

/** `kt logs`: what the items of a run printed. */
export function logsCommand(cli: Cli): Command {
  const { output } = cli;
  const command = new Command('logs')
    .summary('show what the items of a run printed')
    .description(
      'Shows what the items of a run printed, in the order of time: STEP[INDEX]#ATTEMPT, level, message.\nOf a run in a cluster it is read from the store by a pod, and with --follow from the pods of the run while they live.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .argument('[step]', 'a step, or one item of it as STEP/INDEX')
    .option('--failed', 'only items whose latest attempt failed, each with its cause', false)
    .option('--previous', 'only what the attempts before the latest printed', false)
    .option('-f, --follow', 'stay, and show what is printed, until the run has ended', false)
    .addOption(storeOption())
    .addOption(jsonOption().default(false, 'text'));
  return withPlaceOptions(command).action(
    async (typed: string, selector: string | undefined, options: Options) => {
      const { failed, previous, follow, json } = options;
      if (follow && (failed || previous)) {
        const { KtError } = await import('@kube-transform/sdk');
        const message = `--follow shows what is printed from now on, and --${failed ? 'failed' : 'previous'} what was printed.`;
        throw new KtError({ code: 'BAD_OPTIONS', path: '--follow', message, hint: 'Give one of them.' });
      }
      const [{ withRun }, { untilInterrupted }, print] = await Promise.all([
        import('../open-backend.js'),
        import('../views/cluster-session.js'),
        import('../views/print-logs.js'),
      ]);
      const leaving = async (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
        const { left } = await untilInterrupted(work);
        if (left) cli.exitWith(EXIT.interrupted);
      };
      await withRun(typed, options, {
        local: async (store, runId) => {
          const [{ readFailedLogs, readLogs }, { recordOf }] = await Promise.all([
            import('@kube-transform/runtime'),
            import('../backends/local/stored-run.js'),
          ]);
          const record = await recordOf(store, runId);
          if (follow) {
            const { tailLocal } = await import('../backends/local/tail-logs.js');
            await leaving(signal =>
              tailLocal(store, record, {
                selector,
                signal,
                print: line => print.printLine(line, { output, json }),
              }),
            );
          } else if (failed)
            await print.printFailed(readFailedLogs(store, record, { selector, previous }), { output, json });
          else await print.printLines(readLogs(store, record, { selector, previous }), { output, json });
        },
        cluster: async (api, run) => {
          const [logs, { bundleDirOf }] = await Promise.all([
            import('../backends/cluster/logs/read-logs.js'),
            import('../bundle/bundle-dir.js'),
          ]);
          const how = { output, json, stacks: { bundleDir: bundleDirOf(run.config.source) } };
          await leaving(async signal => {
            const reading = { signal, note: (text: string) => output.err(text) };
            if (follow)
              await logs.followClusterLogs(
                { api, run },
                { selector, reading, print: line => print.printLine(line, how) },
              );
            else if (failed)
              await print.printFailed(
                logs.clusterFailedLogs({ api, run }, { selector, previous }, reading),
                how,
              );
            else await print.printLines(logs.clusterLogs({ api, run }, { selector, previous }, reading), how);
          });
        },
      });
    },
  );
}
