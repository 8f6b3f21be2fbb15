/** Signs requests and URLs with the key of an account ("Shared Key" and service SAS of Azure Storage). */
import { createHmac } from 'node:crypto';
import type { UrlGrant } from '../../ports/index.js';
import type { HttpRequest } from '../http/http-client.js';

/** Headers that are signed by their values, in this order. */
const SIGNED = [
  ...['content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date'],
  ...['if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range'],
];

/** The `Authorization` of a request, all of whose headers are given. */
export function sharedKey(
  { method, url, body }: HttpRequest,
  headers: Readonly<Record<string, string>>,
  { account, key }: { account: string; key: string },
): string {
  const { pathname, searchParams } = new URL(url);
  const length = body === undefined || body.length === 0 ? '' : String(body.length);
  const all: Record<string, string> = { ...headers, 'content-length': length };
  const own = Object.keys(all)
    .filter(name => name.startsWith('x-ms-'))
    .sort()
    .map(name => `${name}:${all[name] ?? ''}\n`);
  const query = [...searchParams]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `\n${name}:${value}`);
  const text = [
    method,
    ...SIGNED.map(name => all[name] ?? ''),
    `${own.join('')}/${account}${pathname}${query.join('')}`,
  ];
  return `SharedKey ${account}:${signatureOf(text, key)}`;
}

const signatureOf = (lines: readonly string[], key: string): string =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(lines.join('\n')).digest('base64');

const SAS_VERSION = '2021-12-02';
/** Create and write. */
const PUTS = 'cw';

/** The query of a URL for one blob, `account/container/name`: a service SAS. */
export function sharedSignature(blob: string, { method, expiresInSeconds }: UrlGrant, key: string): string {
  const expiry = new Date(new Date().getTime() + expiresInSeconds * 1000);
  const [sp, se, sv, sr] = [
    method === 'GET' ? 'r' : PUTS,
    expiry.toISOString().replace(/\.\d+/, ''),
    SAS_VERSION,
    'b',
  ];
  // Start, identifier, address, protocol, snapshot, encryption scope, headers of answers: none is said.
  const lines = [sp, '', se, `/blob/${blob}`, '', '', '', sv, sr, '', '', '', '', '', '', ''];
  return new URLSearchParams({ sp, se, sv, sr, sig: signatureOf(lines, key) }).toString();
}
