/** Schemas of single fields of a document; their messages say what was expected. */
import * as z from 'zod';
import { type Json, findNonJson, type JsonObject } from '../json.js';
import { parseDurationMs, parseQuantity } from './quantity.js';

const JSON_OBJECT = z.custom<JsonObject>(v => typeof v === 'object' && v !== null && !Array.isArray(v), {
  error: 'Expected an object',
});
/** A field that may be null or absent: null then. */
export const orNull = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value): z.output<S> | null => value ?? null);
/** A field that may be null or absent: the fallback then. */
export const withDefault = <S extends z.ZodType>(schema: S, fallback: () => z.output<S>) =>
  schema.nullish().transform((value): z.output<S> => value ?? fallback());

/** Any text. */
export const text = z.string({ error: 'Expected text' });
const ref = z.strictObject({ $ref: text });
const part = z.union([text, z.number(), z.boolean(), ref]);
/** Text that a run fills in: as it is, a ref to it, or parts that are put together. */
export const textual = z.union([text, ref, z.strictObject({ $text: z.array(part) })], {
  error: 'Expected text, a {"$ref": …} to it, or {"$text": […]} of both',
});
/** The same, or what has one way to be written as text. */
export const scalar = z.union([textual, z.number(), z.boolean()], {
  error: 'Expected text, a number, true or false, or a {"$ref": …} to one',
});
/** The same, or a value of which the text is its JSON. */
export const word = z.union([scalar, z.strictObject({ $json: z.custom<Json>() })], {
  error: 'Expected text, a number, true or false, a {"$ref": …} to one, or {"$json": …}',
});
/** The name of a job. */
export const jobName = text
  .min(1, { error: 'Expected a name that is not empty' })
  .refine(v => !v.includes('#'), { error: 'Expected a name without "#"' });
/** The name of a function; empty is none. */
export const functionName = orNull(text.transform(v => (v === '' ? null : v)));
const clipped = (path: string): string => (path.length > 80 ? `${path.slice(0, 77)}…` : path);
/** Refuses what JSON cannot hold, where it is. */
export const refuseNonJson = (ctx: z.core.ParsePayload): void => {
  const bad = findNonJson(ctx.value, '');
  if (bad === undefined) return;
  ctx.issues.push({
    code: 'custom',
    input: ctx.value,
    message: `Expected JSON, which cannot hold ${bad.reason}${bad.path === '' ? '' : ` (at ${clipped(bad.path.replace(/^\./, ''))})`}`,
  });
};
/** An object of which only JSON is asked. */
export const jsonObject = JSON_OBJECT.check(refuseNonJson);
/** Arguments of a function; absent are none. */
export const args = withDefault(JSON_OBJECT, () => ({})).check(refuseNonJson);
/** A whole number of at least `min`. */
export const wholeNumber = (min: number) => {
  const wrong = { error: `Expected a whole number of at least ${min}` };
  return z.int(wrong).min(min, wrong);
};
/** Texts by name. */
export const labels = z.record(z.string(), text, { error: 'Expected an object of texts' });
/** True or false. */
export const flag = z.boolean({ error: 'Expected true or false' });

/** A Kubernetes quantity, or nothing. */
export const quantityText = text.refine(v => v === '' || parseQuantity(v) !== undefined, {
  error: 'Expected a Kubernetes quantity such as "512Mi", "1.5Gi" or "500m"',
  params: { code: 'BAD_QUANTITY' },
});
/** A Kubernetes quantity; empty and absent are the fallback. */
export const quantity = (fallback: string) => quantityText.nullish().transform(v => v || fallback);
/** A duration. */
export const duration = text.refine(v => parseDurationMs(v) !== undefined, {
  error: 'Expected a duration such as "500ms", "90s", "5m" or "1h30m"',
  params: { code: 'BAD_DURATION' },
});
const TOLERANCE = { error: 'Expected a count such as 3, or a percentage such as "5%"' };
/** A count, or a percentage. */
export const tolerance = z.union(
  [z.int().min(0, TOLERANCE), z.string().regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/, TOLERANCE)],
  TOLERANCE,
);
