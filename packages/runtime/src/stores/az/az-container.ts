/** A container and a prefix in it: how its blobs are asked for, and what answers say. */
import type { KtError } from '@kube-transform/sdk';
import type { UrlGrant } from '../../ports/index.js';
import { type Found, PUT_IDS } from '../conditional-puts.js';
import { HttpClient } from '../http/http-client.js';
import { HttpFailure, httpFailed, statusOf, type Told } from '../http/http-failure.js';
import { noSignedUrl } from '../store-errors.js';
import { badPath, checkKeyIn } from '../store-key.js';
import { type AzProof, azProof } from './az-credentials.js';
import type { AzLocation } from './az-url.js';
import { sharedSignature } from './shared-key.js';
import { textIn } from './xml.js';

const RIGHTS = 'Give these credentials the role Storage Blob Data Contributor for the container.';
const KEY =
  'The key is not that of the account, or the clock of this machine is wrong: see AZURE_STORAGE_KEY.';
const HINTS: Record<string, string> = {
  ContainerNotFound: 'Make the container, or mend its name in the URL of the store.',
  AuthenticationFailed: KEY,
  InvalidAuthenticationInfo: KEY,
  AuthorizationFailure: 'The account refuses this network, or keys: see its firewall and its settings.',
  AuthorizationPermissionMismatch: RIGHTS,
  PublicAccessNotPermitted: 'The container is not public: leave ?anonymous=true out.',
  ENOTFOUND: 'There is no such account: mend its name in the URL of the store.',
  403: RIGHTS,
  404: 'Make the container, or mend its name in the URL of the store.',
  503: 'The server asks for less at once: lower the parallelism of the step.',
};

/** Where the blobs of a store lie. */
export class AzContainer {
  /** As people are told: `az://account/container/prefix`. */
  readonly name: string;
  readonly client: HttpClient;
  readonly #location: AzLocation;
  #proof: AzProof | undefined;

  constructor(location: AzLocation) {
    const { account, container, prefix } = location;
    this.#location = location;
    this.name = `az://${account}/${container}/${prefix}`.replace(/\/$/, '');
    this.client = new HttpClient({ explain, authorize: request => this.#proofOf().headers(request) });
  }

  get prefix(): string {
    return this.#location.prefix;
  }

  /** Refuses what is no key here, or would be another one there. @throws KtError `BAD_PATH`. */
  check(key: string): void {
    checkKeyIn(this.prefix, key);
    if (key.includes('\\'))
      throw badPath(key, 'contains a backslash, which Azure takes for a "/"', 'Write "/".');
    if (/\.(\/|$)/.test(key))
      throw badPath(key, 'has a name that ends in a dot, which Azure may take away', 'Use other names.');
  }

  /** The URL of a blob, or of something that is asked of it. */
  urlOf(key: string, query: Record<string, string> = {}): string {
    const path = (this.prefix + key).split('/').map(encodeURIComponent).join('/');
    return this.#url(`/${path}`, query);
  }

  /** A URL with which anybody reads or puts a blob. @throws KtError `SIGNING_UNSUPPORTED`. */
  signedUrl(key: string, grant: UrlGrant): string {
    const { account, container } = this.#location;
    const { key: secret } = this.#proofOf();
    if (secret === undefined)
      return noSignedUrl(key, this.name, {
        why: 'only the key of the account signs one',
        hint: 'Set AZURE_STORAGE_KEY, or AZURE_STORAGE_CONNECTION_STRING with a key in it.',
      });
    const signature = sharedSignature(`${account}/${container}/${this.prefix}${key}`, grant, secret);
    return `${this.urlOf(key)}?${signature}`;
  }

  /** The URL of all blobs. */
  listUrl(query: Record<string, string>): string {
    return this.#url('', query);
  }

  #url(path: string, query: Record<string, string>): string {
    const { endpoint, container } = this.#location;
    const all = [new URLSearchParams(query).toString(), this.#proofOf().query].filter(part => part !== '');
    return `${endpoint}/${container}${path}${all.length === 0 ? '' : `?${all.join('&')}`}`;
  }

  #proofOf(): AzProof {
    return (this.#proof ??= azProof(this.#location));
  }

  /** A blob, as the headers of an answer tell of it. */
  found(key: string, headers: Headers): Found {
    const info = {
      key,
      size: Number(headers.get('content-length') ?? 0),
      modifiedMs: Date.parse(headers.get('last-modified') ?? '') || 0,
      etag: etagOf(headers),
    };
    return { info, putIds: headers.get(`x-ms-meta-${PUT_IDS}`) ?? undefined };
  }

  /** A failed action ("write", "read", …) as KtError `STORE_FAILED`. */
  failed(error: unknown, action: string, key: string): KtError {
    return httpFailed(error, { action, store: this.name, key }, HINTS);
  }
}

/** An etag as it is compared: without quotes. */
export const etagOf = (headers: Headers): string => (headers.get('etag') ?? '').replaceAll('"', '');

/** The server's word for what is wrong. */
export const codeOf = (error: unknown): string => (error instanceof HttpFailure ? error.code : '');

/** True where there is no such blob, though the container is there. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && codeOf(error) !== 'ContainerNotFound';

/** The code and the first line of the message of a failing answer. */
const explain = (answer: string, headers: Headers): Told => ({
  code: headers.get('x-ms-error-code') ?? textIn(answer, 'Code'),
  message: textIn(answer, 'Message')?.split('\n')[0],
});
