import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testRun } from '@kube-transform/runtime/testing';
import { expect, test } from 'vitest';
import type { Page } from './crawl/fetch-page.js';
import * as module from './crawl.js';

const crawl = module.default;
const functions = { crawl: { level: module.level, fetchPart: module.fetchPart, sumUp: module.sumUp } };

/** A small site: what it links to, what it forbids, what it does not have, and how much is asked at once. */
async function site(): Promise<AsyncDisposable & { start: string; asked: string[]; most: () => number }> {
  const asked: string[] = [];
  let now = 0;
  let most = 0;
  const links: Record<string, string[]> = {
    '/': [
      '/a',
      'b?x=1&amp;y=2',
      '/gone',
      '/cut',
      '/secret/plan',
      '/a#part',
      'https://example.org/',
      'mailto:x@y',
    ],
    '/a': ['/', '/deep/1', '/big.png'],
    '/b?x=1&y=2': Array.from({ length: 9 }, (_, n) => `/leaf/${n}`),
    '/deep/1': ['/deep/2'],
    '/deep/2': ['/deep/3'],
  };
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    asked.push(url);
    most = Math.max(most, ++now);
    response.once('close', () => now--);
    if (url === '/robots.txt') return void response.end('User-agent: *\nDisallow: /secret/ # no\n');
    if (url === '/cut') return void request.socket.destroy();
    if (url === '/gone') return void response.writeHead(404).end();
    if (url === '/big.png') return void response.writeHead(200, { 'content-type': 'image/png' }).end('png');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<title> Page ${url} </title>${(links[url] ?? []).map(to => `<a class=x href="${to}">é</a>`).join('')}`,
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    start: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    most: () => most,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  };
}
const paramsFor = ({ start }: { start: string }) => ({ start, perPart: 2, pauseMs: 0, out: 'out' });

test('a site is crawled level by level; what is broken is a row, what is forbidden is not asked for', async () => {
  await using web = await site();
  const run = await testRun(crawl, { params: paramsFor(web), functions });
  expect(run.status).toBe('Completed');
  expect(run.result('sum-up')).toMatchObject({ pages: 16, broken: 2 });
  const pages = web.asked.filter(url => url !== '/robots.txt').sort();
  expect(pages).toEqual([...new Set(pages)]);
  expect(pages).not.toContain('/secret/plan');
  expect(pages).not.toContain('/deep/2');
  expect(web.most()).toBeLessThanOrEqual(2);
  expect(await run.files.readJson('out/broken.json')).toEqual([
    { url: `${web.start}cut`, problem: expect.stringMatching(/socket|closed/) as string },
    { url: `${web.start}gone`, problem: 'the server answered 404' },
  ]);
  const [first] = (await run.files.readText('out/level-2/00000.jsonl')).split('\n');
  expect(JSON.parse(first ?? '')).toMatchObject({
    title: 'Page /a',
    status: 200,
    links: expect.any(Array) as Page[],
  });
});

test('a crawl whose driver dies goes on, and a second one asks for no page again', async () => {
  await using web = await site();
  const params = paramsFor(web);
  const run = await testRun(crawl, { params, functions, faults: [{ kind: 'crashDriver', afterFacts: 5 }] });
  expect(run.result('sum-up')).toMatchObject({ pages: 16 });
  const asked = web.asked.length;
  const again = await testRun(crawl, { params, functions, store: run.store });
  expect(again.result('sum-up')).toMatchObject({ pages: 16 });
  expect(web.asked.slice(asked).every(url => url === '/robots.txt')).toBe(true);
});

test('no more pages are fetched than wanted', async () => {
  await using web = await site();
  const run = await testRun(crawl, { params: { ...paramsFor(web), maxPages: 4 }, functions });
  expect(run.result('sum-up')).toMatchObject({ pages: 4 });
});
