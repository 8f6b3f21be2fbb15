/** Text with refs in it. */
import type { Ref } from './ref-types.js';

/**
 * Puts text together from refs, when the pipeline runs; to be used as a tag of a template.
 *
 * What is put in must be text, a number, true or false then; anything else fails the item with a sentence.
 *
 * @example
 * ```ts
 * const load = ktFunction(async ({ from }: { from: string }) => from);
 * export default pipeline('days', { params: z.object({ day: z.string() }) })
 *   .job('load', load, ({ params }) => ({ from: text`s3://raw/${params.day}.csv` }));
 * ```
 */
export function text(
  strings: TemplateStringsArray,
  ...values: readonly (Ref<string> | Ref<number> | Ref<boolean> | string | number | boolean)[]
): Ref<string> {
  const parts = strings.flatMap((literal, i) => (i < values.length ? [literal, values[i]] : [literal]));
  // A document has it as it is; only the compiler takes it for a ref.
  return { $text: parts.filter(part => part !== '') } as unknown as Ref<string>;
}
