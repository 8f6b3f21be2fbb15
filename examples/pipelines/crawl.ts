/**
 * Crawls a web site level by level into JSON lines, a file for a few pages. Broken links become rows, and a
 * level that is begun again leaves out what is written.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readJsonLines, writeJsonLines } from '@kube-transform/formats';
import { each, type KtContext, ktFunction, pipeline, type Ref, type SpawnResult } from '@kube-transform/sdk';
import * as z from 'zod';
import { fetchPage, Page, robotsOf } from './crawl/fetch-page.js';

const Params = z.object({
  start: z.url().describe('Where to begin; only pages of this server are fetched'),
  depth: z.number().int().min(1).max(10).default(3).describe('Levels of links that are followed'),
  maxPages: z.number().int().min(1).max(100_000).default(1000).describe('Pages at most'),
  perPart: z.number().int().min(1).default(20).describe('Pages in a file'),
  pauseMs: z.number().int().min(0).default(200).describe('Pause between two pages of a part'),
  out: z.string().default('out/crawl').describe('Directory of this crawl; another one begins anew'),
});
const Level = Params.extend({ level: z.number().int() });
const Part = z.object({ urls: z.array(z.string()), pauseMs: z.number(), to: z.string() });

/** Plans the pages of a level: those that earlier levels link to and that none of them has fetched. */
export const level = ktFunction(
  { name: 'crawl.level', input: Level, retries: 2 },
  async (plan: z.infer<typeof Level>, context: KtContext): Promise<SpawnResult> => {
    const { level: n, out, perPart, pauseMs } = plan;
    const { files, log } = context;
    const urls = n > plan.depth ? [] : await frontier(plan, context);
    log.info('planned', { level: n, pages: urls.length });
    if (urls.length === 0) return [];
    const parts = Array.from({ length: Math.ceil(urls.length / perPart) }, (_, i) => ({
      urls: urls.slice(i * perPart, (i + 1) * perPart),
      to: files.join(out, `level-${n}`, `${String(i).padStart(5, '0')}.jsonl`),
    }));
    return pipeline('level')
      .map(
        `pages-${n}`,
        fetchPart,
        () => each(parts, ({ urls: some, to }) => ({ urls: some, pauseMs, to })),
        {
          // Polite: two parts at once, each of which fetches one page after another.
          ...{ parallelism: 2, itemsPerPod: 1, concurrency: 1 },
          outputs: (item: Ref<(typeof parts)[number]>) => [item.to],
        },
      )
      .dynamic(`level-${n + 1}`, level, () => ({ ...plan, level: n + 1 }), { after: [`pages-${n}`] });
  },
);

/** The pages of a level, sorted: so a level that is planned again has the same parts. */
async function frontier(
  { level: n, start, out, maxPages }: z.infer<typeof Level>,
  { files, signal }: KtContext,
): Promise<string[]> {
  const isAllowed = await robotsOf(start, signal);
  const seen = new Set<string>();
  const linked = new Set<string>([new URL(start).href]);
  for (let earlier = 1; earlier < n; earlier++)
    for (const part of await files.glob(files.join(out, `level-${earlier}`, '*.jsonl')))
      for await (const page of readJsonLines(files, part, { schema: Page })) {
        seen.add(page.url);
        for (const link of page.links) linked.add(link);
      }
  const fresh = [...linked].filter(url => !seen.has(url) && isAllowed(url)).sort();
  return fresh.slice(0, Math.max(0, maxPages - seen.size));
}

/** Fetches some pages, one after another, and writes a line for each: also for those that are not there. */
export const fetchPart = ktFunction(
  { name: 'crawl.fetchPart', input: Part, retries: 2 },
  async ({ urls, pauseMs, to }, { files, log, signal }) => {
    const pages: Page[] = [];
    for (const url of urls) {
      if (pages.length > 0) await pause(pauseMs, undefined, { signal });
      const page = await fetchPage(url, signal);
      if (page.problem !== null) log.warn('not fetched', { url, problem: page.problem });
      pages.push(page);
    }
    await writeJsonLines(files, to, pages);
    return { pages: pages.length };
  },
);

/** Counts what all levels have, and lists what is broken. */
export const sumUp = ktFunction({ input: Params.pick({ out: true }) }, async ({ out }, { files }) => {
  let bytes = 0;
  let pages = 0;
  const broken: { url: string; problem: string }[] = [];
  for (const part of await files.glob(files.join(out, 'level-*', '*.jsonl')))
    for await (const page of readJsonLines(files, part, { schema: Page })) {
      pages++;
      bytes += page.bytes;
      if (page.problem !== null) broken.push({ url: page.url, problem: page.problem });
    }
  await files.writeJson(files.join(out, 'broken.json'), broken);
  return { pages, bytes, broken: broken.length };
});

export default pipeline('crawl', { params: Params })
  .dynamic('level-1', level, ({ params: { start, depth, maxPages, perPart, pauseMs, out } }) => ({
    ...{ start, depth, maxPages, perPart, pauseMs, out },
    level: 1,
  }))
  .job('sum-up', sumUp, ({ params }) => ({ out: params.out }), { after: ['level-1'] });
