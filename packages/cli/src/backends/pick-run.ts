/** Which run was meant, by its id or the beginning of it. */
import { didYouMean, KtError } from '@kube-transform/sdk';

/** The ids among which to pick, and where they are, in words: `in this store`. */
interface Choice {
  /** The oldest first. */
  ids: readonly string[];
  where: string;
  /** What to try where there are none. */
  hint: string;
}

/**
 * The run whose id is this or begins so.
 *
 * @throws KtError `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is.
 */
export function pickRun(typed: string, { ids, where, hint }: Choice): string {
  const refuse = (code: string, message: string, what: string): KtError =>
    new KtError({ code, path: 'run', message, hint: what });
  if (ids.includes(typed)) return typed;
  const matches = typed === '' ? [] : ids.filter(id => id.startsWith(typed));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const message = `"${typed}" is the beginning of ${matches.length} runs.`;
    const shown = matches.slice(-5).join(', ');
    throw refuse('AMBIGUOUS_RUN', message, `Write more of it, or "latest". The last ones: ${shown}.`);
  }
  const meant = didYouMean(typed.slice(0, 120), ['latest', ...[...ids].reverse()]);
  const others = ids.length > 0 ? 'kt runs lists them.' : `There are no runs ${where}: ${hint}`;
  throw refuse('UNKNOWN_RUN', `There is no run "${typed.slice(0, 120)}" ${where}.`, meant ?? others);
}

/** There is no latest run: a KtError `NO_RUNS`. */
export const noRuns = (where: string, hint: string): KtError =>
  new KtError({ code: 'NO_RUNS', path: 'run', message: `There are no runs ${where}.`, hint });
