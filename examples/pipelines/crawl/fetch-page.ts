/** Fetches one page and finds its links; asks a server what it lets crawlers see. */
import * as z from 'zod';

const AGENT = 'kube-transform-example';
const LONGEST_MS = 10_000;
const MOST_BYTES = 2_000_000;

/** What became of a page. */
export const Page = z.object({
  url: z.string(),
  /** The server's status; null where it has not answered. */
  status: z.number().nullable(),
  title: z.string().nullable(),
  bytes: z.number(),
  /** Links to pages of the same server, without what stands behind "#". */
  links: z.array(z.string()),
  /** Why there is nothing of it. */
  problem: z.string().nullable(),
});
/** The same as a type. */
export type Page = z.infer<typeof Page>;

/** Fetches a page. What is wrong with it is part of the answer: only the signal makes it throw. */
export async function fetchPage(url: string, signal: AbortSignal): Promise<Page> {
  const nothing = { url, status: null, title: null, bytes: 0, links: [] };
  try {
    const response = await get(url, signal);
    const { status, headers } = response;
    if (!response.ok || !(headers.get('content-type') ?? '').startsWith('text/html')) {
      await response.body?.cancel();
      return { ...nothing, status, problem: response.ok ? null : `the server answered ${status}` };
    }
    const html = await textOf(response);
    const [, title] = /<title[^>]*>([^<]*)<\/title>/i.exec(html) ?? [];
    // Redirects may have led elsewhere.
    const links = new URL(response.url).origin === new URL(url).origin ? linksIn(html, response.url) : [];
    return {
      url,
      status,
      title: title?.trim() ?? null,
      bytes: Buffer.byteLength(html),
      links,
      problem: null,
    };
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error;
    return { ...nothing, problem: cause instanceof Error ? cause.message : message };
  }
}

/** What `robots.txt` says to all crawlers: whether a URL may be fetched. */
export async function robotsOf(start: string, signal: AbortSignal): Promise<(url: string) => boolean> {
  const response = await get(new URL('/robots.txt', start).href, signal);
  const text = response.ok ? await textOf(response) : '';
  const refused: string[] = [];
  let isForAll = false;
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*:\s*([^\s#]*)/.exec(line) ?? [];
    if (name.toLowerCase() === 'user-agent') isForAll = value === '*';
    else if (isForAll && name.toLowerCase() === 'disallow' && value !== '') refused.push(value);
  }
  return url => {
    const { pathname, search } = new URL(url);
    return !refused.some(prefix => `${pathname}${search}`.startsWith(prefix));
  };
}

function linksIn(html: string, base: string): string[] {
  const found = new Set<string>();
  for (const [, link = ''] of html.matchAll(/<a\s[^>]*?href\s*=\s*["']?([^"'\s>]+)/gi)) {
    const text = link.replaceAll('&amp;', '&');
    if (!URL.canParse(text, base)) continue;
    const url = new URL(text, base);
    if (url.origin !== new URL(base).origin) continue;
    url.hash = '';
    found.add(url.href);
  }
  return [...found].sort();
}

const get = (url: string, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    headers: { 'user-agent': AGENT },
    signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
  });

/** The text of an answer, of which the end may be missing where it is long. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_BYTES) break;
  }
  return text;
}
