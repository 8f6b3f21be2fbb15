/** Signs URLs of objects of Google Cloud Storage with the key of a service account ("V4 signing"). */
import { omitUndefined } from '@kube-transform/sdk';
import type { UrlGrant } from '../../ports/index.js';
import { escaped } from '../store-url.js';
import type { GsLocation } from './gs-url.js';

const ALGORITHM = 'GOOG4-RSA-SHA256';

/** Signs text with a key, in base64. */
export interface Signer {
  email: string;
  sign(text: string): Promise<string>;
}

/** The URL of an object, `name` in its bucket, for whoever has it; `at` is now. */
export async function googleSignedUrl(
  {
    endpoint,
    bucket,
    name,
    userProject,
  }: Pick<GsLocation, 'endpoint' | 'bucket' | 'userProject'> & {
    name: string;
  },
  { method, expiresInSeconds }: UrlGrant,
  { email, sign, at = new Date() }: Signer & { at?: Date },
): Promise<string> {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
  const path = `/${bucket}/${name.split('/').map(escaped).join('/')}`;
  const query = Object.entries({
    'X-Goog-Algorithm': ALGORITHM,
    'X-Goog-Credential': `${email}/${scope}`,
    'X-Goog-Date': time,
    'X-Goog-Expires': String(expiresInSeconds),
    'X-Goog-SignedHeaders': 'host',
    ...omitUndefined({ userProject }),
  })
    .map(([key, value]) => `${key}=${escaped(value)}`)
    .join('&');
  const { host } = new URL(endpoint);
  const request = [method, path, query, `host:${host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const signature = await sign([ALGORITHM, time, scope, await sha256(request)].join('\n'));
  return `${endpoint}${path}?${query}&X-Goog-Signature=${hexOf(base64(signature))}`;
}

const sha256 = async (text: string): Promise<string> =>
  hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
const base64 = (text: string): Uint8Array => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
