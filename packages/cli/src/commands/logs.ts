import { Command } from 'commander';
import type { Cli } from '../cli.js';
import { jsonOption, storeOf, storeOption } from './options.js';

interface Options {
  store?: string;
  failed: boolean;
  json: boolean;
}

/** `kt logs`: what the items of a run printed. */
export function logsCommand({ output }: Cli): Command {
  return new Command('logs')
    .summary('show what the items of a run printed')
    .description('Shows what the items of a run printed, in the order of time: JOB[INDEX]#ATTEMPT, level, message.')
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .argument('[job]', 'a job, or one item of it as JOB/INDEX')
    .option('--failed', 'only items whose latest attempt failed, each with its cause', false)
    .addOption(storeOption())
    .addOption(jsonOption().default(false, 'text'))
    .action(async (typed: string, place: string | undefined, options: Options) => {
      const [{ findRun }, logs, { printFailed, printLines }] = await Promise.all([
        import('../find-run.js'),
        import('../run-logs.js'),
        import('../print-logs.js'),
      ]);
      const store = await storeOf(options);
      const { runId } = await findRun(store, typed);
      const print = { output, json: options.json };
      if (options.failed) printFailed(await logs.readFailedLogs(store, runId, { place }), print);
      else printLines(await logs.readLogs(store, runId, { place }), print);
    });
}
