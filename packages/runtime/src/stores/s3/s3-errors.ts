/** What a server says of an object, as an error that names the key, the bucket and what to do. */
import type { KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';
import { storeFailed } from '../store-errors.js';

const RIGHTS = 'Give these credentials the rights to list the bucket and to get, put and delete its objects.';
const REGION = 'Write the region of the bucket behind the URL, ?region=…, or set AWS_REGION.';

const HINTS: Record<string, string> = {
  NoSuchBucket: 'Make the bucket, or mend its name in the URL of the store.',
  AccessDenied: RIGHTS,
  Forbidden: RIGHTS,
  InvalidAccessKeyId: 'The server does not know this access key: set AWS_ACCESS_KEY_ID, or another profile.',
  SignatureDoesNotMatch: 'The secret key is not that of the access key: set AWS_SECRET_ACCESS_KEY anew.',
  ExpiredToken: 'The credentials have expired: get new ones.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it.',
  CredentialsProviderError:
    'There are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a service account; ?anonymous=true for a public bucket.',
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  SlowDown: 'The server asks for less at once: lower the parallelism of the step.',
  ServiceUnavailable: 'The server has too much to do, or is down: try again later.',
  QuotaExceeded: 'The bucket is full: delete objects, or have its quota raised.',
  ObjectParentIsFile:
    'On this server a name cannot be both an object and a folder of objects: write to another name.',
};

interface SdkError {
  name?: unknown;
  code?: unknown;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

/** The server's status; undefined where it has not answered. */
export const statusOf = (error: unknown): number | undefined =>
  (error as SdkError | null)?.$metadata?.httpStatusCode;

/** How often the server was asked. */
export const triesOf = (error: unknown): number => (error as SdkError | null)?.$metadata?.attempts ?? 1;

/** The server's or the system's word for what is wrong. */
export function codeOf(error: unknown): string {
  const { name, code } = (error ?? {}) as SdkError;
  if (typeof code === 'string' && code !== '') return code;
  return typeof name === 'string' ? name : 'Error';
}

/** True where there is no such object, though the bucket is there. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && codeOf(error) !== 'NoSuchBucket';

/** A failed action ("write", "read", …) as KtError `STORE_FAILED`; a KtError is returned as it is. */
export function s3Failed(error: unknown, action: string, object: { store: string; key: string }): KtError {
  const code = codeOf(error);
  const status = statusOf(error);
  const unplaced = messageOf(error).startsWith('Region is missing') ? REGION : undefined;
  const hint = unplaced ?? HINTS[code] ?? HINTS[status === 403 ? 'AccessDenied' : ''];
  return storeFailed(error, { action, ...object }, { code, status, hint });
}
