/** A bucket and a prefix in it: how its objects are asked for over the JSON API, and what its answers say. */
import { type KtError, omitUndefined } from '@kube-transform/sdk';
import { fits, parseText, tryJson } from '../../parse/parse-json.js';
import { list, optional, orElse, record, type Shape, table, text } from '../../parse/shapes.js';
import type { UrlGrant } from '../../ports/index.js';
import { type Found, PUT_IDS } from '../conditional-puts.js';
import { HttpClient } from '../http/http-client.js';
import { type HttpFailure, httpFailed, statusOf, type Told } from '../http/http-failure.js';
import { noSignedUrl } from '../store-errors.js';
import { checkKeyIn } from '../store-key.js';
import { type GoogleIdentity, googleIdentity } from './google-auth.js';
import { googleSignedUrl } from './gs-sign.js';
import type { GsLocation } from './gs-url.js';

const RIGHTS =
  'Give these credentials the role Storage Object User (roles/storage.objectUser) for the bucket.';
const MAKE = 'Make the bucket, or mend its name in the URL of the store.';
const HINTS: Record<string, string> = {
  noBucket: MAKE,
  userProjectMissing: 'The bucket wants requests to be paid for: write ?userProject=PROJECT behind the URL.',
  rateLimitExceeded: 'The server asks for less at once: it takes one write a second to the same object.',
  401: 'The server does not take these credentials: see GOOGLE_APPLICATION_CREDENTIALS, or log in anew.',
  403: RIGHTS,
  404: MAKE,
  429: 'The server asks for less at once: lower the parallelism of the step.',
  503: 'The server has too much to do, or is down: try again later.',
};

/** An object as the server tells of it. */
export interface GsObject {
  name: string;
  size: string;
  updated: string;
  generation: string;
  metadata: Record<string, string>;
}
export const OBJECT: Shape<GsObject> = record<GsObject>({
  name: text,
  size: text,
  updated: text,
  generation: text,
  metadata: orElse(table(text), {}),
});
/** The fields of an object that are asked for. */
export const FIELDS = 'name,size,updated,generation,metadata';

const FAILED = record<{ error: { message?: string; errors?: { reason?: string }[] } }>({
  error: record<{ message?: string; errors?: { reason?: string }[] }>({
    message: optional(text),
    errors: optional(list(record<{ reason?: string }>({ reason: optional(text) }))),
  }),
});

/** Where the objects of a store lie. */
export class GsBucket {
  /** As people are told: `gs://bucket/prefix`. */
  readonly name: string;
  readonly client: HttpClient;
  readonly #location: GsLocation;
  readonly #identity: GoogleIdentity | null;

  constructor(location: GsLocation) {
    this.#location = location;
    this.name = `gs://${location.bucket}/${location.prefix}`.replace(/\/$/, '');
    this.#identity = location.anonymous ? null : googleIdentity(this.name);
    const authorize = this.#identity?.proof;
    this.client = new HttpClient({ explain, ...omitUndefined({ authorize }) });
  }

  get prefix(): string {
    return this.#location.prefix;
  }

  /** Refuses what is no key here. @throws KtError `BAD_PATH`. */
  check(key: string): void {
    checkKeyIn(this.prefix, key);
  }

  /** The URL of an object, or of something that is asked of it. */
  urlOf(key: string, query: Record<string, string | undefined> = {}, more = ''): string {
    return this.#url(`/storage/v1${this.pathOf(key)}${more}`, query);
  }

  /** The path of an object. */
  pathOf(key: string): string {
    return `/b/${this.#location.bucket}/o/${encodeURIComponent(this.prefix + key)}`;
  }

  /** A URL with which anybody reads or puts an object. @throws KtError `SIGNING_UNSUPPORTED`. */
  async signedUrl(key: string, grant: UrlGrant): Promise<string> {
    const signer = await this.#identity?.signer();
    if (signer == null)
      return noSignedUrl(key, this.name, {
        why: 'only the key of a service account signs one',
        hint: 'Name the file with its key in GOOGLE_APPLICATION_CREDENTIALS, or give what it holds in GOOGLE_CREDENTIALS.',
      });
    return googleSignedUrl({ ...this.#location, name: this.prefix + key }, grant, signer);
  }

  /** The URL of all objects. */
  listUrl(query: Record<string, string | undefined>): string {
    return this.#url(`/storage/v1/b/${this.#location.bucket}/o`, query);
  }

  /** The URL that objects are sent to. */
  uploadUrl(query: Record<string, string | undefined>): string {
    return this.#url(`/upload/storage/v1/b/${this.#location.bucket}/o`, query);
  }

  #url(path: string, query: Record<string, string | undefined>): string {
    const { endpoint, userProject } = this.#location;
    const all = new URLSearchParams(omitUndefined({ ...query, userProject }) as Record<string, string>);
    return `${endpoint}${path}${all.size === 0 ? '' : `?${all.toString()}`}`;
  }

  /** What an answer says. @throws KtError `STORE_FAILED` where it says something else. */
  parse<T>(shape: Shape<T>, answer: string): T {
    const hint = 'See whether the endpoint of the store is a server that speaks like Google Cloud Storage.';
    return parseText(shape, answer, { code: 'STORE_FAILED', name: 'answer', file: this.name, hint });
  }

  /** An object of an answer. */
  found(key: string, { size, updated, generation, metadata }: GsObject): Found {
    const info = { key, size: Number(size), modifiedMs: Date.parse(updated) || 0, etag: generation };
    return { info, putIds: metadata[PUT_IDS] };
  }

  /** A failed action ("write", "read", …) as KtError `STORE_FAILED`. */
  failed(error: unknown, action: string, key: string): KtError {
    return httpFailed(error, { action, store: this.name, key }, HINTS);
  }
}

/** True where there is no such object, though the bucket is there. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && (error as HttpFailure).code !== 'noBucket';

/** The reason and the message of a failing answer. */
function explain(answer: string): Told {
  const { message, errors } = fits(FAILED, tryJson(answer))?.error ?? {};
  if (/bucket does not exist/i.test(message ?? '')) return { message, code: 'noBucket' };
  return { message, code: errors?.[0]?.reason };
}
