/*
 * Random documents with random refs: either the document is refused, or every function is given what a naive
 * reader of refs would give it, or its step fails and says which ref leads nowhere.
 */
import {
  isKtError,
  type Json,
  type JsonObject,
  type KtContext,
  ktFunction,
  parsePipeline,
} from '@kube-transform/sdk';
import { testRun } from '@kube-transform/runtime/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const NAMES = ['extract', 'load', 'a.b', 'item', 'x/y'];
const ODD = [...NAMES, 'index', 'item', 'params', 'other.json', 'extrct', ''];
const SOURCES = [...Array<string>(30).fill('extract'), ...Array<string>(5).fill('load'), ...ODD];
const POINTERS = ['', '/0', '/0', '/0/rows', '/0/rows/1', '/0/rows/9', '/1/at', '/0/none', '/0/none/x'];
const MORE_POINTERS = ['/0/length', '/0/rows/length', '/0/toString', '/0/a~1b', '/0/__proto__', '/x', '/01'];

const refs = fc
  .tuple(
    fc.constantFrom(...SOURCES),
    fc.constantFrom(...Array<string>(19).fill('#'), ''),
    fc.constantFrom(...POINTERS, ...MORE_POINTERS),
  )
  .map(([source, hash, pointer]) => ({ $ref: `${source}${hash}${pointer}` }));
const { value: values } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: refs },
    fc.constantFrom<Json>(null, 1, 'text'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('p', 'q', '$ref'), tie('value'), { maxKeys: 2 }),
  ),
}));
const objects = fc.dictionary(fc.constantFrom('p', 'q', 'r'), values, { maxKeys: 2 });
const jobs = fc.record({
  type: fc.constantFrom('static', 'map'),
  args: objects,
  items: fc.oneof(refs, fc.array(values, { maxLength: 3 })),
  before: fc.array(fc.nat(4), { maxLength: 3 }),
  /** Waits for all earlier steps that its refs name, as who wrote it should. */
  isHonest: fc.nat(9).map(n => n > 0),
});

interface Job {
  name: string;
  type: string;
  args: JsonObject;
  items: Json;
}
/** What a step's function returns for an item. */
const resultOf = (job: string, at: number): Json => ({
  job,
  at,
  rows: [1, { deep: job }],
  none: null,
  'a/b': 'slash',
});
const given = new Map<string, Json>();
const f = ktFunction((args: JsonObject, { job, index }: KtContext): Json => {
  given.set(`${job}/${index}`, structuredClone(args));
  return resultOf(job, index);
});

/** Nothing is there. */
class Nowhere extends Error {}

/** Fills refs in, one by one, with no thought of dependencies. */
function naive(value: Json, results: ReadonlyMap<string, Json>): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(entry => naive(entry, results));
  const { $ref, ...others } = value;
  const text = typeof $ref === 'string' && Object.keys(others).length === 0 ? $ref : '';
  const hash = text.indexOf('#');
  const source = text.slice(0, hash);
  if (hash < 1 || !results.has(source))
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, naive(entry, results)]));
  let at = results.get(source) ?? null;
  for (const escaped of text
    .slice(hash + 1)
    .split('/')
    .slice(1)) {
    const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    const keys = typeof at === 'object' && at !== null ? Object.keys(at) : [];
    if (!keys.includes(key)) throw new Nowhere(text);
    at = (at as JsonObject)[key] ?? null;
  }
  return at;
}

/** The arguments of a job's items by a naive reading; those before it have all succeeded. */
function expectedArgs(job: Job, results: ReadonlyMap<string, Json>): Json[] {
  if (job.type === 'static') return [naive(job.args, results)];
  const items = naive(job.items, results);
  if (!Array.isArray(items)) throw new Nowhere('no list');
  return items.map((item, index) => naive(job.args, new Map([...results, ['item', item], ['index', index]])));
}

test('random documents with random refs - are refused, or are given what a naive reader gives', async () => {
  const seen = { refused: 0, completed: 0, failed: 0 };
  const documents = fc.array(jobs, { minLength: 1, maxLength: 5 });
  const check = fc.asyncProperty(documents, async drafts => {
    const named = drafts.map((draft, i) => ({ ...draft, name: NAMES[i] ?? '' }));
    const document = {
      name: 'p',
      jobs: named.map(({ name, type, args, items, before, isHonest }, i) => ({
        name,
        dependencies: NAMES.slice(0, i).filter(
          (other, at) =>
            before.includes(at) || (isHonest && JSON.stringify([args, items]).includes(`"${other}#`)),
        ),
        ...(type === 'static'
          ? { type: 'static' as const, tasks: [{ function: 'm.f', args }] }
          : { type: 'map' as const, function: 'm.f', args, items }),
      })),
    };
    given.clear();
    const isRefused = !parsePipeline(document).ok;
    const run = await testRun(document, { functions: { m: { f } } }).catch((error: unknown) => {
      if (!isKtError(error)) throw error;
      return null;
    });
    if (isRefused || run === null) {
      expect(given.size).toBe(0);
      seen.refused++;
      return;
    }
    const results = new Map<string, Json>();
    for (const job of named) {
      const status = run.statuses[job.name];
      if (status === 'SkippedDueToUpstreamFailure') continue;
      try {
        const all = expectedArgs(job, results);
        expect([status, all.map((_, i) => given.get(`${job.name}/${i}`))]).toEqual(['Completed', all]);
        results.set(
          job.name,
          all.map((_, i) => resultOf(job.name, i)),
        );
      } catch (error) {
        if (!(error instanceof Nowhere)) throw error;
        expect([status, run.cause(job.name)?.message]).toEqual([
          'Failed',
          expect.stringMatching(/leads nowhere|should be a list|neither a list/),
        ]);
      }
    }
    seen[run.status === 'Completed' ? 'completed' : 'failed']++;
  });
  await fc.assert(check, { numRuns: 1000 });
  // What is drawn tries all three.
  expect(Math.min(seen.refused, seen.completed, seen.failed), JSON.stringify(seen)).toBeGreaterThan(30);
});
