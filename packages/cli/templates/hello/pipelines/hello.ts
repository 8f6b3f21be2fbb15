import { readFile } from 'node:fs/promises';
import { ktFunction, pipeline, type KtContext } from '@kube-transform/sdk';
import * as z from 'zod';

/** Files beside the code come along into pods. */
const SAMPLES = {
  'bird.txt': new URL('../data/bird.txt', import.meta.url),
  'fox.txt': new URL('../data/fox.txt', import.meta.url),
};

const Counts = z.record(z.string(), z.number());

/** Counts the words of a folder of text files: one list, one call a file, one report. */
export class Hello {
  @ktFunction({ input: z.object({ dir: z.string() }) })
  static async list({ dir }: { dir: string }, { files, log }: KtContext): Promise<string[]> {
    const found = await files.glob(`${dir}/*.txt`);
    if (found.length > 0) return found;
    log.info(`${dir} has no text files: the samples are put there`);
    for (const [name, url] of Object.entries(SAMPLES))
      await files.write(`${dir}/${name}`, await readFile(url, 'utf8'));
    return files.glob(`${dir}/*.txt`);
  }

  @ktFunction({ input: z.object({ file: z.string() }), output: Counts, retries: 2 })
  static async count({ file }: { file: string }, { files, log }: KtContext): Promise<Record<string, number>> {
    const words = (await files.readText(file)).toLowerCase().match(/\p{L}+/gu) ?? [];
    log.info(`${file}: ${words.length} words`);
    return addUp(words.map(word => ({ [word]: 1 })));
  }

  @ktFunction({ input: z.object({ perFile: z.array(Counts), top: z.number() }) })
  static async report(
    { perFile, top }: { perFile: Record<string, number>[]; top: number },
    { files }: KtContext,
  ): Promise<Record<string, number>> {
    const ranked = Object.entries(addUp(perFile)).sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
    const result = Object.fromEntries(ranked.slice(0, top));
    await files.writeJson('out/words.json', result);
    return result;
  }
}

function addUp(counts: Record<string, number>[]): Record<string, number> {
  const sum = new Map<string, number>();
  for (const [word, n] of counts.flatMap(Object.entries<number>)) sum.set(word, (sum.get(word) ?? 0) + n);
  return Object.fromEntries(sum);
}

const Params = z.object({
  dir: z.string().default('data').describe('Folder of text files'),
  top: z.int().min(1).default(3).describe('How many words to report'),
});

export default pipeline('hello', { params: Params })
  .job('list', Hello.list, ({ params }) => ({ dir: params.dir }))
  .map('count', Hello.count, ({ list }) => list.each(file => ({ file })))
  .job('report', Hello.report, ({ count, params }) => ({ perFile: count, top: params.top }));
