/** Checks a store: what may be done with it, whether it keeps conditions, its clock and its speed. */
import { openStore } from '@kube-transform/runtime';
import { type StoreTrial, systemClock, tryStore } from '@kube-transform/runtime/internal';
import { type Finding, fine, problem, skipped } from './finding.js';

/** Servers refuse signatures that are a quarter of an hour off. */
const SKEW_MS = 5 * 60_000;
const SLOW_MS = 300;

/** Tries a store from this machine. @param signal breaks it off; nothing is left in the store. */
export async function storeFindings(store: string, signal: AbortSignal): Promise<Finding[]> {
  const open = () => openStore(store, { isTried: true });
  const trial = await tryStore(open, { clock: systemClock, signal });
  return trialFindings(trial, { store, who: 'This machine' });
}

/** The same where it is pods that have to: what fails here is no problem of theirs. */
export async function storeFromHere(store: string, signal: AbortSignal): Promise<Finding[]> {
  const found = await storeFindings(store, signal);
  return found.map(({ check, outcome, message, remedy = '' }) => {
    const name = check.replace(/^store/, 'store from here');
    return outcome === 'problem'
      ? skipped(name, `${message} ${remedy} Runs do without: it is pods that need the store.`)
      : { check: name, outcome, message };
  });
}

/** What came of trying a store, in words. @param of its URL, and who tried: `Pods`, `This machine`. */
export function trialFindings(
  { failures, aheadMs, puts, left }: StoreTrial,
  { store, who }: { store: string; who: string },
): Finding[] {
  const alike = new Map<string, typeof failures>();
  for (const failure of failures) alike.set(failure.why, [...(alike.get(failure.why) ?? []), failure]);
  const problems = [...alike].map(([why, group]) => {
    const verbs = group.map(({ verb }) => verb);
    // Whoever may do neither is asked no further.
    const isAll = verbs.includes('open') || (verbs.includes('list') && verbs.includes('put if absent'));
    const what = isAll ? `use the store ${store}` : `${spoken(verbs, 'or')} in ${store}`;
    const hint = group[0]?.hint ?? '';
    const isPods = who === 'Pods' && /permission denied/.test(why);
    const remedy = isPods ? 'Is the volume right, and may user 65532 write to it?' : hint;
    return problem('store', `${who} cannot ${what}: ${why}.`, remedy);
  });
  const stays = left.map(key =>
    problem('store', `"${key}" could not be deleted, and stays in ${store}.`, 'Delete it.'),
  );
  const all = spoken(['list', 'get', 'put', 'put if absent', 'replace if match', 'delete', 'copy'], 'and');
  return [
    ...(problems.length > 0 ? problems : [fine('store', `${who} can ${all} in ${store}.`)]),
    ...stays,
    ...(aheadMs === null ? [] : [clockOf(aheadMs, who)]),
    ...(puts === null ? [] : [speedOf(puts, who)]),
  ];
}

function clockOf(aheadMs: number, who: string): Finding {
  const clocks = `the clock of ${who === 'Pods' ? 'the pods' : 'this machine'}`;
  if (Math.abs(aheadMs) < SKEW_MS) return fine('store clock', `The store's clock and ${clocks} agree.`);
  return problem(
    'store clock',
    `The store's clock is ${Math.round(Math.abs(aheadMs) / 60_000)} min ${aheadMs > 0 ? 'ahead of' : 'behind'} ${clocks}; from 15 min on servers refuse what is signed.`,
    'Set the time of whichever is wrong.',
  );
}

function speedOf({ count, totalMs, medianMs }: NonNullable<StoreTrial['puts']>, who: string): Finding {
  const took = `${count} puts of ${who.toLowerCase()}, ten at a time, took ${Math.round(totalMs)} ms, a put ${Math.round(medianMs)} ms at the median.`;
  const slow =
    medianMs < SLOW_MS
      ? ''
      : ' That is slow: is the store far from there, or does it ask for less at once? Many items per pod ask it less.';
  return fine('store speed', took + slow);
}

/** `a, b and c`. */
const spoken = (words: readonly string[], last: 'and' | 'or'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
