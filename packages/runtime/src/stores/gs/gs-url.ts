/** Reads the URL of a bucket of Google Cloud Storage: `gs://bucket/prefix?endpoint=…`. */
import { omitUndefined } from '@kube-transform/sdk';
import { checkKey } from '../store-key.js';
import { readStoreUrl } from '../store-url.js';

/** Where objects lie, and how they are asked for. Credentials are never part of it. */
export interface GsLocation {
  readonly bucket: string;
  /** Ends in "/", or is empty. */
  readonly prefix: string;
  /** The address of the server, without a "/" at its end. */
  readonly endpoint: string;
  /** Requests say nothing of who makes them. */
  readonly anonymous: boolean;
  readonly userProject?: string;
}

const GOOGLE = 'https://storage.googleapis.com';
const RULES = {
  scheme: 'gs',
  options: ['endpoint', 'anonymous', 'userProject'],
  write: 'Write gs://BUCKET/PREFIX.',
  credentials:
    'Name a file of credentials in GOOGLE_APPLICATION_CREDENTIALS, or use gcloud auth application-default login or the service account.',
};

/**
 * Reads the URL of a bucket.
 *
 * - `endpoint`: the address of another server than Google's, such as an emulator.
 * - `anonymous=true`: requests carry no credentials. `userProject`: the project that pays for them.
 *
 * @throws KtError `UNKNOWN_STORE` for what it does not understand, and for credentials, which it never holds.
 */
export function gsLocationOf(url: string): GsLocation {
  const { host: bucket, path, given, flag, refuse } = readStoreUrl(url, RULES);
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket))
    throw refuse(
      bucket === '' ? 'names no bucket' : `names "${bucket}", as no bucket can be called`,
      `${RULES.write} ${RULES.credentials}`,
    );
  const prefix = path.replace(/\/$/, '');
  if (prefix !== '') checkKey(prefix);
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: (given['endpoint'] ?? GOOGLE).replace(/\/$/, ''),
    anonymous: flag('anonymous') ?? false,
    ...omitUndefined({ userProject: given['userProject'] }),
  };
}
