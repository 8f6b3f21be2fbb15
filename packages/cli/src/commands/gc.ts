/** The command `kt gc`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { WhereOptions } from '../open-backend.js';
import { withContextOptions } from './cluster-options.js';
import { jsonOption, serverOption, spanOf, storeOption } from './options.js';

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
export function gcCommand(cli: Cli): Command {
  const command = new Command('gc')
    .summary('delete old runs, bundles and leftovers')
    .description(
      'Deletes runs that have ended, bundles that no remaining run was made with, what images were built from, and leftover temporary files, here and in the cluster of the last submit (or of KT_CONTEXT, KT_NAMESPACE).\n' +
        'A run that is being driven is never deleted. Of runs in a cluster the files in their store stay.',
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
    .addOption(serverOption())
    .addOption(jsonOption());
  return withContextOptions(command).action(async (options: Options) => {
    const { olderThan, keep, interrupted, dryRun, json, ...where } = options;
    // eslint-disable-next-line no-restricted-syntax -- a stamp, beside those of files
    const nowMs = Date.now();
    const olderThanMs = olderThan ?? (keep === undefined ? DEFAULT_MS : 0);
    await cli.withBackend(where, async backend => {
      const [deleted, { printDeleted }] = await Promise.all([
        backend.collect({ olderThanMs, keep: keep ?? 0, interrupted, dryRun, nowMs }),
        import('../views/print-deleted.js'),
      ]);
      printDeleted(deleted, { output: cli.output, json, dryRun });
    });
  });
}
