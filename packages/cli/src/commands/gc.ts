import { Command, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import type { Deleted } from '../backends/local/collect-garbage.js';
import { bytes, plural } from '../terminal/output.js';
import { withPlaceOptions } from './cluster-options.js';
import { jsonOption, spanOf, storeOption } from './options.js';

interface Options extends WhereOptions {
  olderThan?: number;
  keep?: number;
  interrupted: boolean;
  dryRun: boolean;
  json: boolean;
}

const DEFAULT_MS = 30 * 86_400_000;

const age = spanOf({ digits: 6, units: 'smhdw', expected: 'Expected an age such as 12h, 30d or 4w.' });

function countOrZero(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** `kt gc`: deletes what is no longer needed. */
export function gcCommand({ output }: Cli): Command {
  const command = new Command('gc')
    .summary('delete old runs, bundles and leftovers')
    .description(
      'Deletes runs that have ended, bundles that no remaining run was made with, what images were built from, and leftover temporary files, here and in the cluster of the last submit.\nA run that is being driven is never deleted. Of runs in a cluster the files in their store stay.',
    )
    .addOption(
      new Option(
        '--older-than <age>',
        'only what is older: 12h, 30d, 4w (default: 30d; with --keep any age)',
      ).argParser(age),
    )
    .addOption(
      new Option('--keep <n>', 'the newest runs, which stay whatever their age (default: 0)').argParser(
        countOrZero,
      ),
    )
    .option('--interrupted', 'also runs that were interrupted and could be resumed', false)
    .option('--dry-run', 'delete nothing, show what would be', false)
    .addOption(storeOption())
    .addOption(jsonOption());
  return withPlaceOptions(command).action(async (options: Options) => {
    const { withPlaces } = await import('../open-backend.js');
    const { interrupted, dryRun, keep = 0 } = options;
    const olderThanMs = options.olderThan ?? (options.keep === undefined ? DEFAULT_MS : 0);
    const asked = { olderThanMs, keep, interrupted, dryRun, nowMs: Date.now() };
    const deleted: (Deleted & { where?: string })[] = [];
    await withPlaces(options, {
      local: async store => {
        const [{ collectGarbage }, { projectDir }] = await Promise.all([
          import('../backends/local/collect-garbage.js'),
          import('../project/project-dir.js'),
        ]);
        deleted.push(
          ...(await collectGarbage(store, {
            ...asked,
            projectDir: projectDir(join(process.cwd(), 'package.json')),
          })),
        );
      },
      cluster: async (api, hurry) => {
        const { collectCluster } = await import('../backends/cluster/collect-garbage.js');
        const where = `${api.connection.name}/${api.namespace}`;
        for (const entry of await collectCluster(api, asked, hurry)) deleted.push({ ...entry, where });
      },
      note: text => output.err(text),
    });
    const total = deleted.reduce((sum, entry) => sum + entry.bytes, 0);
    if (options.json) {
      output.out(JSON.stringify({ dryRun, bytes: total, deleted }));
      return;
    }
    for (const { kind, name, bytes: size, where } of deleted) {
      output.out(
        `${dryRun ? 'would delete' : 'deleted'} ${kind} ${name}${where === undefined ? '' : ` in ${where}`}  ${bytes(size)}`,
      );
    }
    output.out(
      deleted.length === 0
        ? 'Nothing to delete.'
        : `${plural(deleted.length, 'entry').replace(/entrys$/, 'entries')}, ${bytes(total)}${dryRun ? ' (dry run: nothing was deleted)' : ''}.`,
    );
  });
}
