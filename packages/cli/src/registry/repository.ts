/*
 * A client of one repository of a registry, over the HTTP API of the OCI distribution specification 1.1.
 *
 * RG1 What is there is not sent again: blobs and manifests are named by their digests.
 * RG2 A blob is sent in pieces; one that is cut off goes on from where the registry has it, or begins anew
 *     where the registry does not say.
 */
import { createHash } from 'node:crypto';
import { isKtError, KtError, omitUndefined } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { type Credentials, credentialsFor } from './credentials.js';
import { hostOf, type ImageName } from './image-name.js';
import { RegistryAuth } from './registry-auth.js';
import { type Answer, ATTEMPTS, type RegistryCalls, pauseMs, retryingFetch } from './retrying-fetch.js';

/** A manifest as it is: its digest is that of its bytes. */
export interface RawManifest {
  bytes: Uint8Array;
  mediaType: string;
  digest: string;
}

/** How a registry is reached. */
export interface RegistryOptions {
  /** Speak plain HTTP. Default: only with one on this machine. */
  insecure?: boolean;
  credentials?: () => Promise<Credentials | null>;
  clock?: Pick<Clock, 'sleep'>;
}

const PIECE_BYTES = 16 * 2 ** 20;
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The digest of bytes. */
export const ociDigest = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Ask {
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Statuses that are no failure beside 2xx. */
  ok?: readonly number[];
  push?: boolean;
  /** A further repository that is read. */
  from?: string;
  /** Default: as often as anything. */
  attempts?: number;
}

/** Where an upload is: the URL that takes the next piece, and how much has arrived. */
interface Upload {
  location: string;
  at: number;
}

/**
 * One repository. Everything rejects with KtError `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED` or
 * `REGISTRY_FAILED`.
 */
export class Repository {
  readonly name: ImageName;
  readonly #base: string;
  readonly #auth: RegistryAuth;
  readonly #calls: RegistryCalls;

  constructor(name: ImageName, { insecure, credentials, clock = systemClock }: RegistryOptions = {}) {
    this.name = name;
    const host = hostOf(name);
    const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
    this.#base = `${(insecure ?? isLocal) ? 'http' : 'https'}://${host}`;
    this.#calls = { registry: name.registry, clock };
    this.#auth = new RegistryAuth(
      credentials ?? (() => credentialsFor(`${name.registry}/${name.repository}`)),
      this.#calls,
    );
  }

  /** A manifest by tag or digest; null where there is none. */
  async manifest(reference: string): Promise<RawManifest | null> {
    const { status, bytes, headers } = await this.#ask('GET', this.#path(`manifests/${reference}`), {
      headers: { accept: ACCEPT },
      ok: [404],
    });
    if (status === 404) return null;
    const digest = ociDigest(bytes);
    if (reference.startsWith('sha256:') && reference !== digest) throw this.#notAsNamed(reference);
    return { bytes, mediaType: headers.get('content-type')?.split(';')[0] ?? '', digest };
  }

  /** Stores a manifest under a tag or its digest; false where the same is there. */
  async putManifest(reference: string, { bytes, mediaType, digest }: RawManifest): Promise<boolean> {
    const head = await this.#ask('HEAD', this.#path(`manifests/${reference}`), {
      headers: { accept: ACCEPT },
      ok: [404],
      push: true,
    });
    if (head.ok && head.headers.get('docker-content-digest') === digest) return false;
    await this.#ask('PUT', this.#path(`manifests/${reference}`), {
      headers: { 'content-type': mediaType },
      body: bytes,
      push: true,
    });
    return true;
  }

  /** The bytes of a blob. */
  async blob(digest: string): Promise<Uint8Array> {
    const { bytes } = await this.#ask('GET', this.#path(`blobs/${digest}`));
    if (ociDigest(bytes) !== digest) throw this.#notAsNamed(digest);
    return bytes;
  }

  /** Whether a blob is there. */
  async hasBlob(digest: string): Promise<boolean> {
    return (await this.#ask('HEAD', this.#path(`blobs/${digest}`), { ok: [404], push: true })).ok;
  }

  /**
   * Takes a blob from another repository of the same registry, without sending it; false where the registry
   * does not.
   */
  async mountBlob(digest: string, from: string): Promise<boolean> {
    const url = this.#path(`blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`);
    try {
      return (await this.#ask('POST', url, { push: true, from, ok: [404] })).status === 201;
    } catch (error) {
      if (isDenied(error)) return false;
      throw error;
    }
  }

  /** Sends a blob. `progress` is told the bytes that have arrived. */
  async putBlob(bytes: Uint8Array, progress: (sent: number) => void = () => undefined): Promise<void> {
    const digest = ociDigest(bytes);
    let upload = await this.#begin();
    for (let failures = 0; upload.at < bytes.length;) {
      try {
        upload = await this.#sendPiece(upload, bytes);
        failures = 0;
      } catch (error) {
        if (++failures === ATTEMPTS || isDenied(error)) throw error;
        await this.#calls.clock.sleep(pauseMs(failures));
        upload = await this.#resume(upload);
      }
      progress(upload.at);
    }
    const { location } = upload;
    try {
      await this.#ask(
        'PUT',
        `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`,
        { push: true },
      );
    } catch (error) {
      // The answer may have been lost; then the upload is over.
      if (isDenied(error) || !(await this.hasBlob(digest))) throw error;
    }
  }

  async #begin(): Promise<Upload> {
    return {
      location: this.#location(await this.#ask('POST', this.#path('blobs/uploads/'), { push: true })),
      at: 0,
    };
  }

  async #sendPiece({ location, at }: Upload, bytes: Uint8Array): Promise<Upload> {
    const end = Math.min(bytes.length, at + PIECE_BYTES);
    const headers = { 'content-type': 'application/octet-stream', 'content-range': `${at}-${end - 1}` };
    const answer = await this.#ask('PATCH', location, {
      headers,
      body: bytes.subarray(at, end),
      push: true,
      attempts: 1,
    });
    return { location: this.#location(answer), at: end };
  }

  /** Where an upload that was cut off goes on. */
  async #resume({ location }: Upload): Promise<Upload> {
    const { ok, headers } = await this.#ask('GET', location, { push: true, ok: [400, 404, 405, 416] });
    const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(headers.get('range') ?? '')?.[1] ?? 0);
    // Registries say "0-0" of nothing too.
    if (!ok || last === 0) return this.#begin();
    return { location: headers.has('location') ? this.#location({ headers }) : location, at: last + 1 };
  }

  #path(rest: string): string {
    return `${this.#base}/v2/${this.name.repository}/${rest}`;
  }

  #location({ headers }: Pick<Answer, 'headers'>): string {
    const location = headers.get('location');
    if (location === null) throw this.#failed('it does not say where to send to');
    return new URL(location, this.#base).href;
  }

  async #ask(
    method: string,
    url: string,
    { headers = {}, body, ok = [], push = false, from, attempts }: Ask = {},
  ): Promise<Answer> {
    const scopes = [
      `repository:${this.name.repository}:${push ? 'pull,push' : 'pull'}`,
      ...(from === undefined ? [] : [`repository:${from}:pull`]),
    ];
    for (let asked = 0; ; asked++) {
      const known = this.#auth.header(scopes);
      const init = {
        method,
        headers: omitUndefined({ ...headers, authorization: known }),
        body,
      };
      const answer = await retryingFetch(url, init, { ...this.#calls, attempts });
      if (answer.ok || ok.includes(answer.status)) return answer;
      if (
        answer.status === 401 &&
        asked === 0 &&
        (await this.#auth.answer(answer.headers.get('www-authenticate'), scopes))
      )
        continue;
      throw this.#refused(method, url, answer);
    }
  }

  #refused(method: string, url: string, { status, bytes }: Answer): KtError {
    const text = Buffer.from(bytes).toString();
    const words = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200).trim();
    const what = `${method} ${new URL(url).pathname}`;
    if (status !== 401 && status !== 403)
      return this.#failed(`it answers ${status} to ${what}: ${words || 'no message'}`, 'Try again.');
    return new KtError({
      code: 'REGISTRY_DENIED',
      path: this.name.registry,
      message: `The registry refuses ${what}: ${words || String(status)}.`,
      hint: `Log in with rights to ${this.name.repository}: docker login ${this.name.registry}.`,
    });
  }

  #notAsNamed(digest: string): KtError {
    return this.#failed(`what it sends as ${digest} has another digest`);
  }

  #failed(message: string, hint = ''): KtError {
    return new KtError({
      code: 'REGISTRY_FAILED',
      path: this.name.registry,
      message: `The registry failed: ${message}.`,
      hint,
    });
  }
}

const isDenied = (error: unknown): boolean =>
  isKtError(error) && error.problems[0]?.code === 'REGISTRY_DENIED';
