import { FakeClock } from '../../../../test/kit/fake-clock.js';
import { type Answer, KubeServer, type OpenStream, statusBody } from '../../../../test/kit/kube-server.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paths } from './api-paths.js';
import { follow, type Followed, type FollowOptions } from './follow.js';
import { KubeApi } from './kube-api.js';
import { isKubeError } from './kube-error.js';
import type { Pod } from './objects.js';

const path = paths.pods('ns');
const WATCH = /watch=true/;
const LIST = /^GET (?!.*watch=true)/;

let server: KubeServer;
let clock: FakeClock;
let stop: AbortController;
let kube: KubeApi;

beforeEach(async () => {
  server = await KubeServer.start();
  // Backoffs take no time; timeouts and watchdogs last until a test lets time pass.
  clock = new FakeClock(ms => ms < 30_000);
  stop = new AbortController();
  kube = new KubeApi({ name: 'test', server: server.url, namespace: 'ns', token: () => Promise.resolve(undefined) }, { clock, patienceMs: 1e9 });
});
afterEach(async () => {
  stop.abort();
  kube.close();
  await server.close();
});

/** Somebody who follows: what was heard, as short words. */
class Listener {
  readonly heard: string[] = [];
  readonly trouble: unknown[] = [];
  readonly done: Promise<void>;
  #onHeard: (() => void)[] = [];

  constructor(options: Partial<FollowOptions> & { labelSelector?: string } = {}) {
    this.done = this.#listen(options);
    this.done.catch(() => undefined);
  }

  /** Resolves when something was heard. */
  async hears(word: string, times = 1): Promise<void> {
    while (this.heard.filter(one => one === word).length < times) await new Promise<void>(resolve => this.#onHeard.push(resolve));
  }

  async #listen({ labelSelector, ...options }: Partial<FollowOptions> & { labelSelector?: string }): Promise<void> {
    const whole = { signal: stop.signal, clock, onTrouble: (error: unknown) => void this.trouble.push(error), ...options };
    for await (const event of follow<Pod>(kube, { path, labelSelector }, whole)) {
      this.heard.push(wordFor(event));
      for (const look of this.#onHeard.splice(0)) look();
    }
  }
}

const wordFor = (event: Followed<Pod>): string =>
  event.type === 'list' ? `list ${event.items.map(item => item.metadata.name).join(',')}` : `${event.type} ${event.object.metadata.name}`;
const makePod = (name: string, labels: Record<string, string> = {}): object => server.storage.create(path, { metadata: { name, labels } });
/** The first watch, once its answer has begun. */
const firstWatch = async (): Promise<OpenStream> => {
  await server.hasBeenAsked(WATCH);
  await clock.waitedFor(30_000, false);
  return [...server.watches][0]!;
};
const reasonsOf = (trouble: unknown[]): string[] => trouble.map(error => (isKubeError(error) ? `${error.status} ${error.reason}` : String(error)));

describe('what happens', () => {
  test('a list, then changes, until the signal', async () => {
    makePod('a');
    const listener = new Listener();
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
    const listener = new Listener({ labelSelector: 'run=1' });
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
    const line = Buffer.from(JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'größe', resourceVersion: '1' } } }) + '\n');
    const listener = new Listener();
    const watch = await firstWatch();
    for (const byte of line) watch.send(Buffer.of(byte));
    watch.send(Buffer.concat([line, line, Buffer.from('\n')]));
    await listener.hears('put größe', 3);
  });

  test('a watch that ends goes on from the last version seen, and nothing is missed', async () => {
    const listener = new Listener();
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
    const listener = new Listener();
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

  test('a new list every ten minutes, however healthy the watch is', async () => {
    const listener = new Listener();
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
    await new Listener().done;
    expect(server.asked).toEqual([]);
  });

  test('the signal ends a wait', async () => {
    clock = new FakeClock();
    clock.digit = '0';
    server.on(LIST, { status: 500 });
    const listener = new Listener();
    await clock.waitedFor(400);
    stop.abort();
    await listener.done;
  });
});

describe('what goes wrong', () => {
  test('a frozen watch ends by the watchdog, and following goes on', async () => {
    const listener = new Listener();
    await firstWatch();
    clock.advance(150_000);
    await server.hasBeenAsked(WATCH, 2);
    makePod('a');
    await listener.hears('put a');
    expect(reasonsOf(listener.trouble)).toEqual(['0 ETIMEDOUT']);
    expect(server.askedFor(LIST)).toHaveLength(1);
  });

  test('whatever comes keeps a watch alive', async () => {
    const listener = new Listener({ relistMs: 1e9 });
    const watch = await firstWatch();
    for (let i = 0; i < 6; i++) {
      clock.advance(110_000);
      watch.send({ type: 'ADDED', object: { metadata: { name: `p${i}` } } });
      await listener.hears(`put p${i}`);
    }
    expect(listener.trouble).toEqual([]);
    expect(server.watches.has(watch)).toBe(true);
  });

  test('a reader that takes its time is no frozen server', async () => {
    const events = follow<Pod>(kube, { path }, { signal: stop.signal, clock, onTrouble: error => expect.fail(String(error)) });
    await events.next();
    const first = events.next();
    await firstWatch();
    makePod('a');
    await first;
    clock.advance(400_000);
    makePod('b');
    const second = await events.next();
    expect(second.value).toMatchObject({ type: 'put', object: { metadata: { name: 'b' } } });
    expect(server.askedFor(WATCH)).toHaveLength(1);
  });

  test('a watch that nobody answers ends after thirty seconds', async () => {
    server.on(WATCH, 'freeze', 1);
    const listener = new Listener();
    await server.hasBeenAsked(WATCH);
    await clock.waitedFor(30_000);
    clock.advance(30_000);
    await server.hasBeenAsked(WATCH, 2);
    makePod('a');
    await listener.hears('put a');
    expect(reasonsOf(listener.trouble)).toEqual(['0 ETIMEDOUT']);
  });

  test('a frozen list ends after thirty seconds', async () => {
    server.on(LIST, 'freeze', 1);
    const listener = new Listener();
    await server.hasBeenAsked(LIST);
    clock.advance(30_000);
    await listener.hears('list ');
    expect(reasonsOf(listener.trouble)).toEqual(['0 ETIMEDOUT']);
  });

  const faults: [string, RegExp, Answer, string][] = [
    ['a list that is answered 500', LIST, { status: 500 }, '500 Scripted'],
    ['a list whose connection breaks', LIST, 'reset', '0 ECONNRESET'],
    ['a list that is no JSON', LIST, { status: 200, body: '<html>' }, '0 NOT_JSON'],
    ['a watch that is answered 503', WATCH, { status: 503 }, '503 Scripted'],
    ['a watch that is answered 401', WATCH, { status: 401 }, '401 Scripted'],
    ['a watch that is no JSON', WATCH, { stream: out => (out.send('<html>\n'), out.end()) }, 'SyntaxError'],
    ['a watch whose connection breaks', WATCH, { stream: out => out.reset() }, '0 ECONNRESET'],
    ['an ERROR event', WATCH, { stream: out => out.send({ type: 'ERROR', object: statusBody(500, 'InternalError') }) }, '500 InternalError'],
  ];
  test.each(faults)('%s is told, and tried again', async (_name, pattern, answer, reason) => {
    server.on(pattern, answer, 6);
    const listener = new Listener();
    await listener.hears('list ');
    // A 401 is asked twice.
    const again = reason.startsWith('401') ? 3 : 6;
    await server.hasBeenAsked(WATCH, pattern === WATCH ? 7 : 1);
    makePod('a');
    await listener.hears('put a');
    expect(reasonsOf(listener.trouble).map(said => said.replace(/: .*/, ''))).toEqual(Array.from({ length: again }, () => reason));
    expect(clock.passed.slice(0, 3).map(Math.round)).toEqual([606, 1211, 2423]);
    expect(server.askedFor(LIST)).toHaveLength(pattern === LIST ? 7 : 1);
  });

  test('a watch that breaks after a while goes on soon, from the last version', async () => {
    const listener = new Listener();
    for (let i = 1; i <= 5; i++) {
      await server.hasBeenAsked(WATCH, i);
      makePod(`p${i}`);
      await listener.hears(`put p${i}`);
      [...server.watches][0]?.reset();
    }
    await server.hasBeenAsked(WATCH, 6);
    expect(clock.passed.map(Math.round)).toEqual([606, 606, 606, 606, 606]);
    expect(server.askedFor(LIST)).toHaveLength(1);
    expect(listener.heard).toEqual(['list ', 'put p1', 'put p2', 'put p3', 'put p4', 'put p5']);
  });

  test('a server that closes watches at once is not hammered', async () => {
    server.on(WATCH, { stream: out => out.end() });
    const listener = new Listener();
    await server.hasBeenAsked(WATCH, 12);
    expect(clock.passed.slice(0, 8).map(Math.round)).toEqual([606, 1211, 2423, 4846, 9691, 19383, 22714, 22714]);
    expect(server.askedFor(LIST)).toHaveLength(1);
    expect(String(listener.trouble[0])).toContain('ends every watch as soon as it has begun');
    expect(listener.trouble.length).toBeGreaterThan(8);
  });

  test.each([
    ['when it connects', { status: 410, body: statusBody(410, 'Expired') }],
    ['in its stream', { stream: (out: OpenStream) => out.send({ type: 'ERROR', object: statusBody(410, 'Expired') }) }],
  ] satisfies [string, Answer][])('a watch that is always told 410 %s lists anew, without hammering', async (_name, answer) => {
    server.on(WATCH, answer);
    const listener = new Listener();
    await server.hasBeenAsked(WATCH, 10);
    expect(clock.passed.slice(0, 8).map(Math.round)).toEqual([606, 1211, 2423, 4846, 9691, 19383, 22714, 22714]);
    expect(server.askedFor(LIST)).toHaveLength(10);
    expect(listener.trouble).toEqual([]);
  });

  test('a version that the server has forgotten: a new list, at once after a long watch', async () => {
    const listener = new Listener();
    const watch = await firstWatch();
    clock.advance(2000);
    makePod('a');
    await listener.hears('put a');
    watch.send({ type: 'ERROR', object: statusBody(410, 'Expired') });
    await listener.hears('list a');
    expect(clock.passed).toEqual([]);
    await server.hasBeenAsked(WATCH, 2);
    const [second] = server.watches;
    server.storage.forget();
    clock.advance(2000);
    second?.end();
    await listener.hears('list a', 2);
    makePod('b');
    await listener.hears('put b');
    expect(listener.trouble).toEqual([]);
  });

  test('a version of another life of the cluster: a new list', async () => {
    server.on(WATCH, { status: 504, body: statusBody(504, 'Timeout', 'Too large resource version: 9000, current: 1') }, 1);
    const listener = new Listener();
    await listener.hears('list ', 2);
    expect(reasonsOf(listener.trouble)).toEqual(['504 Timeout']);
  });

  test('a server that asks to be left alone is left alone', async () => {
    server.on(WATCH, { status: 429, headers: { 'Retry-After': '20' }, body: statusBody(429, 'TooManyRequests') }, 1);
    const listener = new Listener();
    await server.hasBeenAsked(WATCH, 2);
    expect(clock.passed).toEqual([20_000]);
    expect(reasonsOf(listener.trouble)).toEqual(['429 TooManyRequests']);
  });

  test.each([LIST, WATCH])('403 on %s is the end', async pattern => {
    const message = 'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "ns"';
    server.on(pattern, { status: 403, body: statusBody(403, 'Forbidden', message) });
    await expect(new Listener().done).rejects.toMatchObject({ code: 'CLUSTER_FORBIDDEN', status: 403 });
  });
});
