/** Reads the URL of a bucket: `s3://bucket/prefix?endpoint=…&region=…`. */
import { didYouMean, KtError, omitUndefined } from '@kube-transform/sdk';
import { checkKey } from '../store-key.js';

/** Where objects lie, and how they are asked for. Credentials are never part of it. */
export interface S3Location {
  readonly url: string;
  readonly bucket: string;
  /** Ends in "/", or is empty. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly pathStyle?: boolean;
  /** Requests are not signed. */
  readonly anonymous: boolean;
  readonly requesterPays: boolean;
  readonly sse?: 'AES256' | 'aws:kms';
  readonly kmsKey?: string;
}

const OPTIONS = ['endpoint', 'region', 'pathStyle', 'anonymous', 'requesterPays', 'sse', 'kmsKey'];
const ENCRYPTIONS = ['AES256', 'aws:kms'] as const;

/**
 * Reads the URL of a bucket.
 *
 * - `endpoint`: the address of another server than AWS (default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`).
 * - `region` (default: `AWS_REGION`, the AWS profile; `us-east-1` for another server).
 * - `pathStyle=true|false`: the bucket in the path and not in the name of the host (default: true for another
 *   server).
 * - `anonymous=true`: requests are not signed. `requesterPays=true`.
 * - `sse=AES256|aws:kms`, `kmsKey`: how the server encrypts what is put.
 *
 * @throws KtError `UNKNOWN_STORE` for what it does not understand, and for credentials, which it never holds.
 */
export function s3LocationOf(url: string): S3Location {
  const refuse = (what: string, hint: string): KtError =>
    new KtError({ code: 'UNKNOWN_STORE', path: '', hint, message: `The store ${shown(url)} ${what}.` });
  const [, bucket = '', path = '', query = ''] =
    /^s3:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url) ?? [];
  if (!/^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i.test(bucket)) {
    const hint =
      'Write s3://BUCKET/PREFIX. Credentials come from the environment, a profile or the service account.';
    if (bucket.includes('@')) throw refuse('holds credentials', hint);
    throw refuse(bucket === '' ? 'names no bucket' : `names "${bucket}", as no bucket can be called`, hint);
  }
  const prefix = path.replace(/\/$/, '');
  if (prefix !== '') checkKey(prefix);
  const given: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!OPTIONS.includes(name)) {
      const known = `${didYouMean(name, OPTIONS) ?? ''} Known: ${OPTIONS.join(', ')}.`.trim();
      const isSecret = /key|secret|token|password/i.test(name);
      throw refuse(
        isSecret
          ? `has the option "${name}", and credentials do not belong there`
          : `has the unknown option "${name}"`,
        isSecret
          ? 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or a service account.'
          : known,
      );
    }
    given[name] = value;
  }
  const flag = (name: string): boolean | undefined => {
    const value = given[name];
    if (value === undefined || value === 'true' || value === '')
      return value === undefined ? undefined : true;
    if (value === 'false') return false;
    throw refuse(`has the option ${name}=${value}`, `Write ${name}=true or ${name}=false.`);
  };
  const { endpoint, region, sse, kmsKey } = given;
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/?$/i.test(endpoint))
    throw refuse(
      `has the endpoint "${endpoint}"`,
      'Write the address of the server: endpoint=https://HOST:PORT.',
    );
  const encryption = ENCRYPTIONS.find(known => known === sse);
  if (sse !== undefined && encryption === undefined)
    throw refuse(`has the option sse=${sse}`, 'Known: sse=AES256, sse=aws:kms.');
  return {
    url,
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    anonymous: flag('anonymous') ?? false,
    requesterPays: flag('requesterPays') ?? false,
    ...omitUndefined({ endpoint, region, pathStyle: flag('pathStyle'), sse: encryption, kmsKey }),
  };
}

/** A URL as it may be shown: what looks like credentials is not. */
const shown = (url: string): string =>
  JSON.stringify(
    url.replace(/\/\/[^/?]*@/, '//…@').replace(/((?:key|secret|token|password)[^=&]*=)[^&]*/gi, '$1…'),
  );
