/** Decorated methods, static and instance, with and without schemas; the TC39 dialect is in test/sdk. */
import * as z from 'zod';
import { type KtContext, ktFunction, pipeline } from '../index.js';

class Methods {
  @ktFunction({
    input: z.object({ name: z.string(), limit: z.number().default(1) }),
    output: z.number(),
    retries: 2,
  })
  static async checked(
    { name, limit }: { name: string; limit: number },
    { files }: KtContext,
  ): Promise<number> {
    return (await files.exists(name)) ? limit : 0;
  }
  @ktFunction({ input: z.object({ name: z.string() }) }) static ignores(): null {
    return null;
  }
  @ktFunction() free({ name }: { name: string }): string {
    return name;
  }
  // @ts-expect-error -- the input schema gives something else
  @ktFunction({ input: z.object({ name: z.string() }) }) static wrong({ name }: { name: number }): number {
    return name;
  }
  // @ts-expect-error -- the output schema accepts something else
  @ktFunction({ input: z.object({ name: z.string() }), output: z.number() }) static bad({
    name,
  }: {
    name: string;
  }): string {
    return name;
  }
  // @ts-expect-error -- the output schema alone
  @ktFunction({ output: z.number() }) static async worse(): Promise<string> {
    return Promise.resolve('x');
  }
}

const strict = ktFunction({ input: z.object({ all: z.array(z.number()) }) }, ({ all }) => all.length);
export const methods = pipeline('p')
  .job('x', Methods.checked, () => ({ name: 'n', limit: 2 }))
  .job('y', Methods.prototype.free, () => ({ name: 'n' }))
  .job('z', strict, ({ x }) => ({ all: [x] }))
  .job('none', Methods.ignores);
// @ts-expect-error -- a method's argument, which has no schema's default any more
pipeline('p').job('x', Methods.checked, () => ({ name: 'n' }));
