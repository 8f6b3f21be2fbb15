/** Reads what a request says: numbers, keys and bodies, each refused with a sentence. */
import type { Context } from 'hono';
import { KtError } from '@kube-transform/sdk';
import { tryJson } from '@kube-transform/runtime/internal';
import type * as z from 'zod';

const MAX_DEPTH = 100;

export const bad = (message: string, path = ''): KtError =>
  new KtError({ code: 'BAD_REQUEST', path, message });

/** A whole number of the query. @throws KtError `BAD_REQUEST` */
export function numberIn(c: Context, key: string, [least, most]: [number, number]): number | undefined {
  const text = c.req.query(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw bad(`"${key}" is a whole number from ${least} to ${most}, not ${JSON.stringify(text.slice(0, 50))}.`);
}

/** The header Idempotency-Key. @throws KtError `BAD_REQUEST` */
export function keyOf(c: Context): string | undefined {
  const key = c.req.header('idempotency-key');
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw bad('The header Idempotency-Key is to be 1 to 255 visible characters of ASCII.');
}

/** The text of a body that says it is JSON. @throws KtError `NOT_JSON` */
export async function jsonTextOf(c: Context): Promise<string> {
  if (/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(c.req.header('content-type') ?? ''))
    return c.req.text();
  throw new KtError({
    code: 'NOT_JSON',
    path: '',
    message: 'The body is to be JSON, with the header Content-Type: application/json.',
  });
}

/** A body of a known shape. @throws KtError `NOT_JSON`, `BAD_REQUEST` */
export async function jsonOf<T extends z.ZodType>(c: Context, shape: T): Promise<z.output<T>> {
  const value = tryJson(await jsonTextOf(c));
  if (value === undefined) throw bad('The body is no JSON.');
  if (!isShallow(value)) throw bad(`The body may be nested ${MAX_DEPTH} levels deep, no deeper.`);
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw bad(`The body cannot be used: ${issue?.message ?? 'it has another shape'}${path && ` at ${path}`}.`);
}

/** Whether a value can be gone through by what calls itself. */
function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) level = level.flatMap(membersOf);
  return level.length === 0;
}

const membersOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [];
