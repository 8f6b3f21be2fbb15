/** What `kt render meltano` does: schedules of Meltano as CronJobs in a Kustomize base, with an overlay. */
import { join, resolve } from 'node:path';
import { didYouMean, KtError, type Problem } from '@kube-transform/sdk';
import { staleFiles } from '../render/stale-files.js';
import { type Output, plural } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { askMeltano } from './ask-meltano.js';
import { baseFiles, type MeltanoBase, type TimedSchedule } from './base-files.js';
import { cronLine } from './cron-line.js';
import { checkEnvironment, overlayFiles } from './overlay-files.js';
import { putTree } from './put-tree.js';
import { refusalOf } from './refusals.js';
import { type MeltanoSchedule, readSchedules } from './schedules.js';

/** How to render. */
export interface RenderMeltanoOptions {
  /** Where the list is, `-` for standard input; undefined: Meltano is asked. */
  from?: string;
  /** Folder of the Meltano project. */
  root: string;
  /** The overlay, and what Meltano is asked for. */
  environment?: string;
  /** The folder with `base` and `overlays`. */
  destination: string;
  check: boolean;
}

/**
 * Renders the schedules of these names, of no names all; false where `check` finds stale files.
 *
 * @throws KtError `UNKNOWN_SCHEDULE`, `BAD_ENVIRONMENT`, and all of reading and writing: then nothing is
 * changed. `SCHEDULE_REFUSED` for each that Kubernetes would not take: then the others are rendered.
 */
export async function renderMeltano(
  names: readonly string[],
  { from, root, environment, destination, check }: RenderMeltanoOptions,
  output: Output,
): Promise<boolean> {
  if (environment !== undefined) checkEnvironment(environment);
  const { text, file } = await askMeltano({ from, root, environment });
  const { timed, refused } = sorted(chosen(readSchedules(text, file), names), output);
  const base = baseFiles(timed);
  tellNames(timed, base, output);
  const dir = resolve(destination);
  const fresh = check
    ? await isFresh(dir, { base, destination }, output)
    : await put(dir, { base, destination, environment }, output);
  if (refused.length > 0) throw new KtError(refused);
  return fresh;
}

/** The schedules of these names. */
function chosen(schedules: readonly MeltanoSchedule[], names: readonly string[]): readonly MeltanoSchedule[] {
  if (names.length === 0) return schedules;
  const known = new Set(schedules.map(({ name }) => name));
  const unknown = names.filter(name => !known.has(name));
  if (unknown.length === 0) return schedules.filter(({ name }) => names.includes(name));
  throw new KtError(
    unknown.map(name => ({
      code: 'UNKNOWN_SCHEDULE',
      path: name,
      message: 'Meltano has no schedule of this name.',
      hint: didYouMean(name, known) ?? `There are: ${[...known].slice(0, 20).join(', ') || 'none'}.`,
    })),
  );
}

/** Those that come by themselves; says which do not, and why others are refused. */
function sorted(
  schedules: readonly MeltanoSchedule[],
  output: Output,
): { timed: TimedSchedule[]; refused: Problem[] } {
  const timed: TimedSchedule[] = [];
  const refused: Problem[] = [];
  for (const schedule of schedules) {
    const { line, problem } = cronLine(schedule.cron);
    if (line === null) {
      const interval =
        schedule.interval === null ? 'it has no interval' : `its interval is ${schedule.interval}`;
      output.out(`Left out ${schedule.name}: ${interval}, so it never comes by itself.`);
      continue;
    }
    const refusal = refusalOf(schedule, { line, problem });
    if (refusal === null) timed.push({ ...schedule, line });
    else refused.push(refusal);
  }
  return { timed, refused };
}

/** Says which CronJobs are called otherwise than their schedules. */
function tellNames(schedules: readonly TimedSchedule[], { names }: MeltanoBase, output: Output): void {
  for (const [i, { name }] of schedules.entries())
    if (names[i] !== name) output.out(`The CronJob of ${name} is called ${names[i] ?? ''}.`);
}

async function isFresh(
  dir: string,
  { base, destination }: { base: MeltanoBase; destination: string },
  output: Output,
): Promise<boolean> {
  const stale = await staleFiles(dir, { files: below('base', base), ours: ['base'] });
  for (const path of stale) output.out(`stale: ${join(destination, path)}`);
  output.out(
    stale.length === 0
      ? 'All files are as they would be rendered.'
      : `Render them anew: kt render meltano --destination ${shellWord(destination)}`,
  );
  return stale.length === 0;
}

async function put(
  dir: string,
  {
    base,
    destination,
    environment,
  }: { base: MeltanoBase; destination: string; environment: string | undefined },
  output: Output,
): Promise<boolean> {
  const overlay = environment === undefined ? null : { name: environment, files: overlayFiles(environment) };
  const made = await putTree(dir, { base: base.files, overlay });
  const within = environment === undefined ? 'base' : join('overlays', environment);
  output.out(`Rendered ${plural(base.names.length, 'CronJob')} to ${join(destination, 'base')}.`);
  if (overlay === null)
    output.out('No overlay was made: name an environment with --environment or MELTANO_ENVIRONMENT.');
  else if (made.length > 0) output.out(`Made in ${join(destination, within)}: ${made.join(', ')}.`);
  output.out(`  apply it: kubectl apply -k ${shellWord(join(destination, within))}`);
  return true;
}

const below = (folder: string, { files }: MeltanoBase): Map<string, string> =>
  new Map([...files].map(([name, text]) => [`${folder}/${name}`, text]));
