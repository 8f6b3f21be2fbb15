/** Signs requests with the key of an account ("Shared Key" of Azure Storage). */
import { createHmac } from 'node:crypto';
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
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text.join('\n')).digest('base64');
  return `SharedKey ${account}:${signature}`;
}
