/** The command `kt repair`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { plural } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { jsonOption, storeOption } from './options.js';

interface Options {
  store?: string;
  dryRun: boolean;
  json: boolean;
}

/** `kt repair`: takes away what is damaged of a run, so that it can be resumed. */
export function repairCommand({ output }: Cli): Command {
  return new Command('repair')
    .summary('cut what is damaged of a run, so that it can be resumed')
    .description(
      'Cuts each log of a run after its last whole segment, and says which items are run again when the run is resumed.\n' +
        'What is cut is copied first, to the folder "repaired" of the run. A run that is driven is left alone.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .option('--dry-run', 'cut nothing, show what would be', false)
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (typed: string, { store: url, dryRun, json }: Options) => {
      const [{ storeOf }, { findRun }, { repairRun, systemClock }] = await Promise.all([
        import('../backends/local/open-store.js'),
        import('../backends/local/find-runs.js'),
        import('@kube-transform/runtime/internal'),
      ]);
      await using store = await storeOf(url);
      const record = await findRun(store, typed);
      const { runId } = record;
      const repair = await repairRun(store, record, { clock: systemClock, dryRun });
      if (json) {
        output.out(JSON.stringify({ runId, dryRun, ...repair }));
        return;
      }
      if (repair.cut.length === 0) {
        output.out(`Nothing is damaged of run ${runId}.`);
        return;
      }
      for (const { file, why } of repair.cut) output.out(`${dryRun ? 'Would cut' : 'Cut'}  ${file}  ${why}`);
      for (const { job, items } of repair.repeated)
        output.out(`Step "${job}": ${plural(items, 'item')} will be run when the run is resumed.`);
      if (repair.backup !== null) output.out(`What was cut is kept in ${repair.backup}`);
      output.out(
        dryRun ? `Do it: kt repair ${shellWord(runId)}` : `Go on: kt run --resume ${shellWord(runId)}`,
      );
    });
}
