/*
 * The files of a web server as a store that is read only: `https://host/path/`.
 *
 * 1. A file is asked for by its name below that path; redirects are followed.
 * 2. An etag is the server's, else made of time and size. A server that gives no ranges gives all from the
 *    beginning, and what is not wanted is passed over.
 * 3. Nothing can be listed or written: servers have no common way to.
 */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { ByteRange, FileStore, ObjectInfo } from '../../ports/index.js';
import { type Part, rangeHeader, resumedStream, wholeOf } from '../resumed-stream.js';
import { noSignedUrl } from '../store-errors.js';
import { checkKey, notFound } from '../store-key.js';
import { unknownStore } from '../store-url.js';
import { asItIs, chunksOf, HttpClient, type HttpRequest } from './http-client.js';
import { httpFailed, statusOf } from './http-failure.js';
import { lengthOf, PARTIAL, partOf } from './http-part.js';

const RANGE_NOT_SATISFIABLE = 416;
const MISSING = [404, 410];
/** What servers say that do not know HEAD. */
const NO_HEAD = [405, 501];
const HINTS: Record<string, string> = {
  401: 'The server wants to know who asks, and http: stores carry no credentials.',
  403: 'The server gives this to others only; http: stores carry no credentials.',
  429: 'The server asks for less at once: lower the parallelism of the step.',
  503: 'The server has too much to do, or is down: try again later.',
};

/**
 * Makes the read-only store of a URL such as `https://host/path/`: `head`, `get`, `stream`, with ranges. A
 * key is a file below that path.
 *
 * @throws KtError `UNKNOWN_STORE` for a URL with a query or credentials. Of the store: `LIST_UNSUPPORTED` for
 *   listings, `STORE_READ_ONLY` for all that changes something.
 */
export function httpFileStore(url: string): FileStore {
  const base = baseOf(url);
  const client = new HttpClient({ redirect: 'follow' });

  /** Asks for a file, in whatever way; null where there is none. */
  async function ask(key: string, asked: Pick<HttpRequest, 'method' | 'headers'>): Promise<Response | null> {
    const url = base + key.split('/').map(encodeURIComponent).join('/');
    try {
      const { value } = await client.send({ ...asked, url }, asItIs);
      // A folder is no file: servers lead to its index.
      if (!new URL(value.url).pathname.endsWith('/')) return value;
      await value.body?.cancel();
      return null;
    } catch (error) {
      if (MISSING.includes(statusOf(error) ?? 0)) return null;
      throw error;
    }
  }

  const failed = (error: unknown, action: string, key: string): KtError =>
    httpFailed(error, { action, store: base, key }, HINTS);

  async function head(key: string): Promise<ObjectInfo | null> {
    checkKey(key);
    try {
      const found = await ask(key, { method: 'HEAD' }).catch((error: unknown) => {
        if (!NO_HEAD.includes(statusOf(error) ?? 0)) throw error;
        return undefined;
      });
      if (found === null) return null;
      if (found !== undefined && lengthOf(found) !== undefined) return infoOf(key, found);
      // How long it is shows only when it is read.
      const whole = await ask(key, { method: 'GET' });
      if (whole === null) return null;
      let size = 0;
      for await (const chunk of chunksOf(whole)) size += chunk.length;
      return { ...infoOf(key, whole), size };
    } catch (error) {
      throw failed(error, 'look at', key);
    }
  }

  async function askFor(
    key: string,
    { start, end, etag }: { start: number; end: number; etag: string | undefined },
  ): Promise<Part | 'past' | 'replaced'> {
    const headers = omitUndefined({ range: rangeHeader({ start, end }) });
    try {
      const found = await ask(key, { method: 'GET', headers });
      if (found === null) throw notFound(key, base);
      const current = infoOf(key, found).etag;
      if (etag === undefined || etag === current) return await partOf(found, { start, end }, current);
      await found.body?.cancel();
      return 'replaced';
    } catch (error) {
      if (statusOf(error) === RANGE_NOT_SATISFIABLE) return 'past';
      throw error;
    }
  }

  const stream = (key: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> =>
    resumedStream(
      {
        ask: (part, etag) => askFor(key, { ...part, etag }),
        need: async () => {
          if ((await head(key)) === null) throw notFound(key, base);
        },
        failed: error => failed(error, 'read', key),
      },
      range,
    );

  const refuse = async (key: string): Promise<never> => {
    checkKey(key);
    throw new KtError({
      code: 'STORE_READ_ONLY',
      path: '',
      message: `Cannot change "${key}" in ${base}: the files of a web server can only be read.`,
      hint: 'Write to another store, such as file:, s3:, gs: or az:; runs need one as well.',
    });
  };

  return {
    capabilities: { kind: base.slice(0, base.indexOf(':')), url },
    head,
    async get(key, range) {
      checkKey(key);
      return wholeOf(() => stream(key, range));
    },
    async *stream(key, range) {
      checkKey(key);
      yield* stream(key, range);
    },
    async *list(prefix) {
      throw new KtError({
        code: 'LIST_UNSUPPORTED',
        path: '',
        message: `Cannot list "${prefix}" in ${base}: web servers do not tell which files they have.`,
        hint: 'Name each file, or keep a list of them in a file.',
      });
    },
    put: refuse,
    append: refuse,
    copy: (_, to) => refuse(to),
    deleteBelow: refuse,
    async delete(keys) {
      for (const key of keys) await refuse(key);
    },
    signedUrl: async key => noSignedUrl(key, base),
    async [Symbol.asyncDispose]() {},
  };
}

function infoOf(key: string, { headers, status }: Response): ObjectInfo {
  const whole = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  const size = Number((status === PARTIAL ? whole : headers.get('content-length')) ?? 0);
  const modified = headers.get('last-modified');
  const etag = headers.get('etag')?.replaceAll('"', '') ?? `${modified ?? ''} ${size}`;
  return { key, size, modifiedMs: (modified === null ? 0 : Date.parse(modified)) || 0, etag };
}

/** The URL with a "/" at its end, as all requests begin. */
function baseOf(url: string): string {
  const refuse = (what: string, hint: string): KtError => unknownStore(url, what, hint);
  const write = 'Write https://HOST/PATH/.';
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:\/\/[^/]/i.test(url)) throw refuse('is no URL of a web server', write);
  if (parsed.username !== '' || parsed.password !== '')
    throw refuse('holds credentials', `${write} What needs credentials cannot be read so.`);
  if (parsed.search !== '' || parsed.hash !== '')
    throw refuse('has something behind its path', `${write} Names of files are put behind it.`);
  return parsed.href.endsWith('/') ? parsed.href : `${parsed.href}/`;
}
