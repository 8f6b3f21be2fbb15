/** Bearer tokens: who may do what. Tokens are kept as their SHA-256 only. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { KtError } from '@kube-transform/sdk';
import { parse } from 'yaml';
import * as z from 'zod';

/** What a token allows: to look, to make Jobs, to delete and repeat them as well as all else. */
export type TokenScope = 'read' | 'submit' | 'admin';

const List = z.array(
  z.strictObject({
    name: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
    scopes: z.array(z.enum(['read', 'submit', 'admin'])).min(1),
  }),
);

/** Who asks. */
export interface Caller {
  name: string;
  scopes: readonly TokenScope[];
}

/** Who asks, by the header `Authorization`; undefined where nobody is known by it. */
export type CallerOf = (
  authorization: string | undefined,
) => Caller | undefined | Promise<Caller | undefined>;

/** The tokens of a file: a YAML or JSON list of `{name, sha256, scopes}`. @throws KtError `BAD_TOKENS` */
export function readTokens(
  text: string,
  file: string,
): (authorization: string | undefined) => Caller | undefined {
  const read = List.safeParse(yamlOf(text));
  if (!read.success) {
    const [issue] = read.error.issues;
    const message = `The tokens cannot be read: ${issue?.message ?? 'they are no list'} at ${issue?.path.join('.') ?? ''}.`;
    const hint =
      'Expected a list of {name, sha256, scopes: [read, submit, admin]}. printf %s TOKEN | sha256sum gives the digits.';
    throw new KtError({ code: 'BAD_TOKENS', path: file, message, hint });
  }
  const tokens = read.data.map(token => ({ ...token, digest: Buffer.from(token.sha256, 'hex') }));
  return authorization => {
    const given = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1];
    const digest = createHash('sha256')
      .update(given ?? '')
      .digest();
    // All are compared, each in the same time.
    const found = tokens.filter(token => timingSafeEqual(token.digest, digest));
    return given === undefined ? undefined : found[0];
  };
}

function yamlOf(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

/** Whether a caller may do what needs a scope. */
export const mayDo = ({ scopes }: Caller, scope: TokenScope): boolean =>
  scopes.includes(scope) || scopes.includes('admin');
