import { FakeClock } from '../../../../../test/kit/fake-clock.js';
import { KubeBench, Listener } from '../../../../../test/kit/kube-bench.js';
import type { KubeServer, OpenStream } from '../../../../../test/kit/kube-server.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paths } from './paths.js';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';

const path = paths.pods('ns');
const WATCH = /watch=true/;
const LIST = /^GET (?!.*watch=true)/;

const bench = new KubeBench();
let server: KubeServer;
let clock: FakeClock;
let stop: AbortController;
let kube: KubeApi;
beforeEach(() => {
  ({ server, clock } = bench);
  stop = new AbortController();
  kube = bench.api({ retryForMs: 1e9 });
});
afterEach(() => stop.abort());

const listening = (options: Partial<ConstructorParameters<typeof Listener>[1]> = {}): Listener =>
  new Listener(kube, { signal: stop.signal, clock, ...options });
const makePod = (name: string, labels: Record<string, string> = {}): object =>
  server.storage.create(path, { metadata: { name, labels } });
/** The first watch, once its answer has begun. */
const firstWatch = async (): Promise<OpenStream> => {
  await server.hasBeenAsked(WATCH);
  await clock.waitedFor(30_000, false);
  return [...server.watches][0]!;
};

describe('watching', () => {
  test('gives a list, then changes, until the signal', async () => {
    makePod('a');
    const listener = listening();
    await listener.hears('list a');
    await firstWatch();
    makePod('b');
    server.storage.patch(path, 'b', { status: { phase: 'Running' } });
    server.storage.delete(path, 'a');
    await listener.hears('gone a');
    expect(listener.heard).toEqual(['list a', 'put b', 'put b', 'gone a']);
    stop.abort();
    await listener.done;
    expect(listener.trouble).toEqual([]);
    expect(clock.waiting).toEqual([]);
  });

  test('the list is consistent and in pages; the watch goes on from it, with bookmarks and a random end', async () => {
    const listener = listening({ labelSelector: 'run=1' });
    makePod('other');
    await listener.hears('list ');
    await firstWatch();
    const [list] = server.askedFor(LIST);
    expect(Object.fromEntries(list?.query ?? [])).toEqual({ labelSelector: 'run=1', limit: '500' });
    const [watch] = server.askedFor(WATCH);
    expect(watch?.query.get('labelSelector')).toBe('run=1');
    expect(watch?.query.get('allowWatchBookmarks')).toBe('true');
    expect(watch?.query.get('resourceVersion')).toBe(server.storage.version);
    const seconds = Number(watch?.query.get('timeoutSeconds'));
    expect(seconds).toBeGreaterThanOrEqual(290);
    expect(seconds).toBeLessThanOrEqual(580);
    makePod('mine', { run: '1' });
    await listener.hears('put mine');
    server.storage.patch(path, 'mine', { metadata: { labels: { run: '2' } } });
    await listener.hears('gone mine');
  });

  test('events may come in any pieces, with anything in them', async () => {
    const line = Buffer.from(
      JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'größe', resourceVersion: '1' } } }) + '\n',
    );
    const listener = listening();
    const watch = await firstWatch();
    for (const byte of line) watch.send(Buffer.of(byte));
    watch.send(Buffer.concat([line, line, Buffer.from('\n')]));
    await listener.hears('put größe', 3);
  });

  test('a watch that ends goes on from the last version seen, and nothing is missed', async () => {
    const listener = listening();
    const watch = await firstWatch();
    makePod('a');
    await listener.hears('put a');
    clock.advance(2000);
    watch.end();
    await watch.closed;
    makePod('b');
    await listener.hears('put b');
    expect(listener.heard).toEqual(['list ', 'put a', 'put b']);
    expect(server.askedFor(LIST)).toHaveLength(1);
    expect(clock.passed).toEqual([]);
  });

  test('bookmarks move the version, and are not heard', async () => {
    const listener = listening();
    const watch = await firstWatch();
    server.storage.create(paths.jobs('ns'), { metadata: { name: 'j' } });
    server.bookmark();
    makePod('a');
    await listener.hears('put a');
    clock.advance(2000);
    server.storage.create(paths.jobs('ns'), { metadata: { name: 'k' } });
    const { version } = server.storage;
    server.bookmark();
    watch.end();
    await server.hasBeenAsked(WATCH, 2);
    expect(server.askedFor(WATCH)[1]?.query.get('resourceVersion')).toBe(version);
    expect(listener.heard).toEqual(['list ', 'put a']);
  });

  test('lists anew every ten minutes, however healthy the watch is', async () => {
    const listener = listening();
    await firstWatch();
    for (let minute = 1; minute < 10; minute++) {
      clock.advance(60_000);
      makePod(`p${minute}`);
      await listener.hears(`put p${minute}`);
    }
    clock.advance(60_000);
    await listener.hears('list p1,p2,p3,p4,p5,p6,p7,p8,p9');
    expect(listener.trouble).toEqual([]);
  });

  test('a signal that is aborted already is the end', async () => {
    stop.abort();
    await listening().done;
    expect(server.asked).toEqual([]);
  });

  test('the signal ends a wait', async () => {
    clock = new FakeClock();
    clock.digit = '0';
    server.on(LIST, { status: 500 });
    const listener = listening();
    await clock.waitedFor(400);
    stop.abort();
    await listener.done;
  });
});
