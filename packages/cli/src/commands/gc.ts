import { Command, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';
import type { Cli } from '../cli.js';
import { bytes, plural } from '../output.js';
import { jsonOption, storeOf, storeOption } from './options.js';

interface Options {
  store?: string;
  olderThan?: number;
  keep?: number;
  interrupted: boolean;
  dryRun: boolean;
  json: boolean;
}

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DEFAULT_MS = 30 * 86_400_000;

function age(text: string): number {
  const match = /^(\d{1,6})(s|m|h|d|w)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected an age such as 12h, 30d or 4w.');
  return Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? 0);
}

function countOrZero(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** `kt gc`: deletes what is no longer needed. */
export function gcCommand({ output }: Cli): Command {
  return new Command('gc')
    .summary('delete old runs, bundles and leftovers')
    .description(
      'Deletes runs that have ended, bundles that no remaining run was made with, and leftover temporary files.\nA run that is being driven is never deleted.',
    )
    .addOption(new Option('--older-than <age>', 'only what is older: 12h, 30d, 4w (default: 30d; with --keep any age)').argParser(age))
    .addOption(new Option('--keep <n>', 'the newest runs, which stay whatever their age (default: 0)').argParser(countOrZero))
    .option('--interrupted', 'also runs that were interrupted and could be resumed', false)
    .option('--dry-run', 'delete nothing, show what would be', false)
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const [{ collectGarbage }, { projectDir }] = await Promise.all([import('../collect-garbage.js'), import('../project-dir.js')]);
      const { interrupted, dryRun, keep = 0 } = options;
      const olderThanMs = options.olderThan ?? (options.keep === undefined ? DEFAULT_MS : 0);
      const project = projectDir(join(process.cwd(), 'package.json'));
      const deleted = await collectGarbage(await storeOf(options), {
        olderThanMs,
        keep,
        interrupted,
        dryRun,
        nowMs: Date.now(),
        projectDir: project,
      });
      const total = deleted.reduce((sum, entry) => sum + entry.bytes, 0);
      if (options.json) {
        output.out(JSON.stringify({ dryRun, bytes: total, deleted }));
        return;
      }
      for (const { kind, name, bytes: size } of deleted) output.out(`${dryRun ? 'would delete' : 'deleted'} ${kind} ${name}  ${bytes(size)}`);
      output.out(
        deleted.length === 0
          ? 'Nothing to delete.'
          : `${plural(deleted.length, 'entry').replace(/entrys$/, 'entries')}, ${bytes(total)}${dryRun ? ' (dry run: nothing was deleted)' : ''}.`,
      );
    });
}
