/** The steps that a run is told to force, as its record has them. Pure. */
import { didYouMean, KtError } from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';
import type { RunRecord } from '../run-store/run-record.js';

/**
 * What a record says of the steps that are forced, each once; nothing where none are.
 *
 * @throws KtError `UNKNOWN_STEP` with every name that is no step of the pipeline.
 */
export function forcing(
  { name: pipeline, jobs }: { name: string; jobs: readonly { name: string }[] },
  force: readonly string[],
): Pick<RunRecord, 'forced'> {
  if (force.length === 0) return {};
  const known = new Set(jobs.map(({ name }) => name));
  const forced = [...new Set(force)];
  const unknown = forced.filter(name => !known.has(name));
  if (unknown.length === 0) return { forced };
  throw new KtError(
    unknown.map(name => ({
      code: 'UNKNOWN_STEP',
      path: '--force',
      message: `Pipeline "${pipeline}" has no step ${shown(name, 60)} to force.`,
      hint:
        didYouMean(name, known) ??
        `It has ${listed([...known])}. What a step spawns is forced by naming that step.`,
    })),
  );
}

const SHOWN = 10;
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no steps';
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}
