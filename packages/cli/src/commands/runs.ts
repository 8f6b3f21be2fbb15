import { Command } from 'commander';
import type { Cli } from '../cli.js';
import { coloured, duration, table } from '../output.js';
import { jsonOption, storeOf, storeOption } from './options.js';

/** `kt runs`: the runs of a store. */
export function runsCommand({ output }: Cli): Command {
  return new Command('runs')
    .summary('list the runs of the store, the newest first')
    .description('Lists the runs of the store, the newest first.')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options: { store?: string; json: boolean }) => {
      const { listRuns } = await import('../find-run.js');
      const runs = await listRuns(await storeOf(options));
      if (options.json) {
        output.out(JSON.stringify(runs));
        return;
      }
      if (runs.length === 0) {
        output.out('There are no runs in this store. Begin one: kt run PIPELINE');
        return;
      }
      const rows = runs.map(({ runId, pipeline, status, jobs, createdAtMs, updatedAtMs }) => {
        const total = Object.values(jobs).reduce((sum, n) => sum + n, 0);
        const done = total === 0 ? '–' : `${jobs['Completed'] ?? 0}/${total}`;
        const took = updatedAtMs === null ? '–' : duration(updatedAtMs - createdAtMs);
        return [runId, pipeline, coloured(status, status), done, new Date(createdAtMs).toISOString().replace(/\.\d+Z$/, 'Z'), took];
      });
      output.out(table([['RUN', 'PIPELINE', 'STATUS', 'JOBS', 'STARTED', 'TOOK'], ...rows]));
    });
}
