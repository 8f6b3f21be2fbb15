/** Checks what a signed URL is to allow, as functions ask for it. Pure. */
import { KtError } from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';
import type { UrlGrant } from '../ports/index.js';

const AN_HOUR = 3600;
/** The most that servers take. */
const A_WEEK = 604_800;

/** The grant: an hour of reading where nothing else is said. @throws KtError `BAD_OPTIONS`. */
export function grantOf(
  path: string,
  { method = 'GET', expiresInSeconds = AN_HOUR }: Partial<UrlGrant> = {},
): UrlGrant {
  if (!['GET', 'PUT'].includes(method)) throw badOption(path, `method ${shown(method)}`, 'GET or PUT');
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > A_WEEK)
    throw badOption(
      path,
      `expiresInSeconds ${shown(expiresInSeconds)}`,
      'a whole number from 1 to 604800, a week',
    );
  return { method, expiresInSeconds };
}

const badOption = (path: string, seen: string, expected: string): KtError =>
  new KtError({
    code: 'BAD_OPTIONS',
    path: '',
    message: `Cannot sign a URL of "${path}" with ${seen}.`,
    hint: `Give ${expected}.`,
  });
