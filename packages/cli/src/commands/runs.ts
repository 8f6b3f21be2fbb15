import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import type { RunSummary } from '@kube-transform/runtime';
import { coloured, duration, table } from '../terminal/output.js';
import { withPlaceOptions } from './cluster-options.js';
import { jsonOption, storeOption } from './options.js';

type Listed = RunSummary & { where: string };

/** A run as `kt runs --json` prints it; `where` is left out here. */
const entryOf = ({ runId, pipeline, status, counts, createdMs, updatedMs, where }: Listed): object => ({
  runId,
  pipeline,
  status,
  jobs: counts,
  createdAtMs: createdMs,
  updatedAtMs: updatedMs,
  ...(where === 'here' ? {} : { where }),
});

/** `kt runs`: the runs of a store and of a cluster. */
export function runsCommand({ output }: Cli): Command {
  const command = new Command('runs')
    .summary('list the runs of the store and of the cluster, the newest first')
    .description(
      'Lists the runs of the store here, and those of the cluster of the last submit, the newest first.',
    )
    .addOption(storeOption())
    .addOption(jsonOption());
  return withPlaceOptions(command).action(async (options: WhereOptions & { json: boolean }) => {
    const { withPlaces } = await import('../open-backend.js');
    const runs: Listed[] = [];
    const places: string[] = [];
    await withPlaces(options, {
      local: async store => {
        const { listRuns } = await import('../backends/local/find-runs.js');
        places.push('here');
        for (const run of await listRuns(store)) runs.push({ ...run, where: 'here' });
      },
      cluster: async (api, hurry) => {
        const { listClusterRuns } = await import('../backends/cluster/find-runs.js');
        const where = `${api.connection.name}/${api.namespace}`;
        for (const run of await listClusterRuns(api, hurry)) runs.push({ ...run, where });
        places.push(where);
      },
      note: text => output.err(text),
    });
    runs.sort((a, b) => b.createdMs - a.createdMs || (a.runId < b.runId ? 1 : -1));
    if (options.json) {
      output.out(JSON.stringify(runs.map(entryOf)));
      return;
    }
    if (runs.length === 0) {
      output.out(
        places.length > 0 && !places.includes('here')
          ? `There are no runs in ${places.join()}. Begin one: kt submit PIPELINE`
          : 'There are no runs in this store. Begin one: kt run PIPELINE',
      );
      return;
    }
    const rows = runs.map(({ runId, pipeline, status, counts, createdMs, updatedMs, where }) => {
      const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
      const done = total === 0 ? '–' : `${counts.Completed ?? 0}/${total}`;
      const took = updatedMs === null ? '–' : duration(updatedMs - createdMs);
      const begun = new Date(createdMs).toISOString().replace(/\.\d+Z$/, 'Z');
      return [
        runId,
        pipeline,
        coloured(status, status),
        done,
        begun,
        took,
        ...(places.length > 1 ? [where] : []),
      ];
    });
    const heading = [
      'RUN',
      'PIPELINE',
      'STATUS',
      'STEPS',
      'STARTED',
      'TOOK',
      ...(places.length > 1 ? ['WHERE'] : []),
    ];
    output.out(table([heading, ...rows]));
  });
}
