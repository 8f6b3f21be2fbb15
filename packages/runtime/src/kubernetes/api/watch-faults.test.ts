import type { FakeClock } from '../../../../../test/kit/fake-clock.js';
import { KubeBench, Listener } from '../../../../../test/kit/kube-bench.js';
import {
  type Answer,
  type KubeServer,
  type OpenStream,
  statusBody,
} from '../../../../../test/kit/kube-server.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paths } from './paths.js';
import { watch, type KubeApi } from '@kube-transform/runtime/kubernetes';
import type { Pod } from './objects.js';

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

describe('watching, when something goes wrong', () => {
  test('a frozen watch ends by the watchdog, and following goes on', async () => {
    const listener = listening();
    await firstWatch();
    clock.advance(150_000);
    await server.hasBeenAsked(WATCH, 2);
    makePod('a');
    await listener.hears('put a');
    expect(listener.reasons).toEqual(['0 ETIMEDOUT']);
    expect(server.askedFor(LIST)).toHaveLength(1);
  });

  test('whatever comes keeps a watch alive', async () => {
    const listener = listening({ relistMs: 1e9 });
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
    const events = watch<Pod>(
      kube,
      { path },
      { signal: stop.signal, clock, onTrouble: error => expect.fail(String(error)) },
    );
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
    const listener = listening();
    await server.hasBeenAsked(WATCH);
    await clock.waitedFor(30_000);
    clock.advance(30_000);
    await server.hasBeenAsked(WATCH, 2);
    makePod('a');
    await listener.hears('put a');
    expect(listener.reasons).toEqual(['0 ETIMEDOUT']);
  });

  test('a frozen list ends after thirty seconds', async () => {
    server.on(LIST, 'freeze', 1);
    const listener = listening();
    await server.hasBeenAsked(LIST);
    clock.advance(30_000);
    await listener.hears('list ');
    expect(listener.reasons).toEqual(['0 ETIMEDOUT']);
  });

  const faults: [string, RegExp, Answer, string][] = [
    ['a list that is answered 500', LIST, { status: 500 }, '500 Scripted'],
    ['a list whose connection breaks', LIST, 'reset', '0 ECONNRESET'],
    ['a list that is no JSON', LIST, { status: 200, body: '<html>' }, '0 NOT_JSON'],
    ['a watch that is answered 503', WATCH, { status: 503 }, '503 Scripted'],
    ['a watch that is answered 401', WATCH, { status: 401 }, '401 Scripted'],
    ['a watch that is no JSON', WATCH, { stream: out => (out.send('<html>\n'), out.end()) }, '0 NOT_JSON'],
    [
      'a watch of what is no object',
      WATCH,
      { stream: out => (out.send({ type: 'ADDED', object: { kind: 'Pod' } }), out.end()) },
      '0 NOT_AN_OBJECT',
    ],
    [
      'a list of what is no object',
      LIST,
      { status: 200, body: '{"items":[{}],"metadata":{}}' },
      '0 NOT_AN_OBJECT',
    ],
    ['a watch whose connection breaks', WATCH, { stream: out => out.reset() }, '0 ECONNRESET'],
    [
      'an ERROR event',
      WATCH,
      { stream: out => out.send({ type: 'ERROR', object: statusBody(500, 'InternalError') }) },
      '500 InternalError',
    ],
  ];
  test.each(faults)('%s is told, and tried again', async (_name, pattern, answer, reason) => {
    server.on(pattern, answer, 6);
    const listener = listening();
    await listener.hears('list ');
    // A 401 is asked twice.
    const again = reason.startsWith('401') ? 3 : 6;
    await server.hasBeenAsked(WATCH, pattern === WATCH ? 7 : 1);
    makePod('a');
    await listener.hears('put a');
    expect(listener.reasons.map(said => said.replace(/: .*/, ''))).toEqual(
      Array.from({ length: again }, () => reason),
    );
    expect(clock.passed.slice(0, 3).map(Math.round)).toEqual([606, 1211, 2423]);
    expect(server.askedFor(LIST)).toHaveLength(pattern === LIST ? 7 : 1);
  });

  test('a watch that breaks after a while goes on soon, from the last version', async () => {
    const listener = listening();
    for (let i = 1; i <= 5; i++) {
      await server.hasBeenAsked(WATCH, i);
      makePod(`p${i}`);
      await listener.hears(`put p${i}`);
      [...server.watches].at(-1)?.reset();
    }
    await server.hasBeenAsked(WATCH, 6);
    expect(clock.passed.map(Math.round)).toEqual([606, 606, 606, 606, 606]);
    expect(server.askedFor(LIST)).toHaveLength(1);
    expect(listener.heard).toEqual(['list ', 'put p1', 'put p2', 'put p3', 'put p4', 'put p5']);
  });

  test('F2: a server that closes watches at once - is not hammered', async () => {
    server.on(WATCH, { stream: out => out.end() });
    const listener = listening();
    await server.hasBeenAsked(WATCH, 12);
    expect(clock.passed.slice(0, 8).map(Math.round)).toEqual([
      606, 1211, 2423, 4846, 9691, 19383, 22714, 22714,
    ]);
    expect(server.askedFor(LIST)).toHaveLength(1);
    expect(String(listener.trouble[0])).toContain('ends every watch as soon as it has begun');
    expect(listener.trouble.length).toBeGreaterThan(8);
  });

  test.each([
    ['when it connects', { status: 410, body: statusBody(410, 'Expired') }],
    [
      'in its stream',
      { stream: (out: OpenStream) => out.send({ type: 'ERROR', object: statusBody(410, 'Expired') }) },
    ],
  ] satisfies [string, Answer][])(
    'a watch that is always told 410 %s lists anew, without hammering',
    async (_name, answer) => {
      server.on(WATCH, answer);
      const listener = listening();
      await server.hasBeenAsked(WATCH, 10);
      expect(clock.passed.slice(0, 8).map(Math.round)).toEqual([
        606, 1211, 2423, 4846, 9691, 19383, 22714, 22714,
      ]);
      expect(server.askedFor(LIST)).toHaveLength(10);
      expect(listener.trouble).toEqual([]);
    },
  );

  test('a version that the server has forgotten leads to a new list, at once after a long watch', async () => {
    const listener = listening();
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

  test('a version of another life of the cluster leads to a new list', async () => {
    server.on(
      WATCH,
      { status: 504, body: statusBody(504, 'Timeout', 'Too large resource version: 9000, current: 1') },
      1,
    );
    const listener = listening();
    await listener.hears('list ', 2);
    expect(listener.reasons).toEqual(['504 Timeout']);
  });

  test('a server that asks to be left alone is left alone', async () => {
    server.on(
      WATCH,
      { status: 429, headers: { 'Retry-After': '20' }, body: statusBody(429, 'TooManyRequests') },
      1,
    );
    const listener = listening();
    await server.hasBeenAsked(WATCH, 2);
    expect(clock.passed).toEqual([20_000]);
    expect(listener.reasons).toEqual(['429 TooManyRequests']);
  });

  const denied: Answer = {
    status: 403,
    body: statusBody(
      403,
      'Forbidden',
      'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "ns"',
    ),
  };

  test.each([LIST, WATCH])('F1: a 403 on %s - is the end', async pattern => {
    server.on(pattern, denied);
    await expect(listening().done).rejects.toMatchObject({ code: 'CLUSTER_FORBIDDEN', status: 403 });
  });

  test.each([LIST, WATCH])(
    'F1: a 403 on %s - is told and tried again for as long as one may',
    async pattern => {
      server.on(pattern, denied, 3);
      const listener = listening({ deniedForMs: 300_000 });
      await server.hasBeenAsked(WATCH, pattern === LIST ? 1 : 4);
      makePod('a');
      await listener.hears('put a');
      expect(listener.reasons).toEqual(['403 Forbidden', '403 Forbidden', '403 Forbidden']);
    },
  );

  test('F1: a 403 that lasts is the end', async () => {
    server.on(LIST, denied);
    await expect(listening({ deniedForMs: 300_000 }).done).rejects.toMatchObject({ status: 403 });
    expect(clock.passed.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(300_000);
  });
});
