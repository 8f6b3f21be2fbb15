/** What `kt import meltano` does: the schedules of a Meltano project as a pipeline file. */
import { KtError } from '@kube-transform/sdk';
import { askMeltano } from '../meltano/ask-meltano.js';
import { cronLine } from '../meltano/cron-line.js';
import { refusalOf } from '../meltano/refusals.js';
import { readSchedules } from '../meltano/schedules.js';
import { type Output, plural, printText } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { putCode } from './import-pipeline.js';
import { meltanoCode } from './meltano-code.js';

/** How to import. */
export interface ImportMeltanoOptions {
  /** Image with the Meltano project. */
  image: string;
  /** Where the list is, `-` for standard input; undefined: Meltano is asked. */
  from?: string;
  environment?: string;
  /** The file that is written, `-` prints it. */
  out: string;
}

/**
 * Writes a pipeline for each schedule.
 *
 * @throws KtError `SCHEDULE_REFUSED` for what Kubernetes would not take, then nothing is written; and all of
 * reading and writing.
 */
export async function importMeltano(
  { image, from, environment, out }: ImportMeltanoOptions,
  output: Output,
): Promise<void> {
  const root = process.env['MELTANO_PROJECT_ROOT'] || '.';
  const { text, file } = await askMeltano({ from, root, environment });
  const schedules = readSchedules(text, file);
  const refused = schedules.flatMap(schedule => refusalOf(schedule, cronLine(schedule.cron)) ?? []);
  if (refused.length > 0)
    throw new KtError(refused.map(problem => ({ ...problem, hint: 'Mend it in meltano.yml.' })));
  const code = meltanoCode(schedules, image);
  if (out === '-') return printText(output, code.trimEnd());
  await putCode(out, code);
  output.out(`Wrote ${out}: ${plural(schedules.length, 'pipeline')}.`);
  for (const { name, cron } of schedules)
    if (cronLine(cron).line === null) output.out(`  without a schedule, as there: ${name}`);
  output.out(`  look at it: kt check ${shellWord(out)}`);
}
