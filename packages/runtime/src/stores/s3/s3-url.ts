/** Reads the URL of a bucket: `s3://bucket/prefix?endpoint=…&region=…`. */
import { omitUndefined } from '@kube-transform/sdk';
import { checkKey } from '../store-key.js';
import { readStoreUrl } from '../store-url.js';

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

const RULES = {
  scheme: 's3',
  options: ['endpoint', 'region', 'pathStyle', 'anonymous', 'requesterPays', 'sse', 'kmsKey'],
  write: 'Write s3://BUCKET/PREFIX.',
  credentials: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or a service account.',
};
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
  const { host: bucket, path, given, flag, refuse } = readStoreUrl(url, RULES);
  if (!/^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i.test(bucket))
    throw refuse(
      bucket === '' ? 'names no bucket' : `names "${bucket}", as no bucket can be called`,
      `${RULES.write} Credentials come from the environment, a profile or the service account.`,
    );
  const prefix = path.replace(/\/$/, '');
  if (prefix !== '') checkKey(prefix);
  const { endpoint, region, sse, kmsKey } = given;
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
