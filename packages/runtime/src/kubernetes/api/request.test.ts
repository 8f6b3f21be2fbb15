import { collect } from '../../../../../test/kit/collect.js';
import { FakeClock } from '../../../../../test/kit/fake-clock.js';
import { errorOf, KubeBench, TIMEOUT_MS } from '../../../../../test/kit/kube-bench.js';
import { KubeServer, statusBody } from '../../../../../test/kit/kube-server.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { paths } from './paths.js';
import type { KubeObject } from './objects.js';

const bench = new KubeBench();
const jobs = paths.jobs('ns');
const text = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString();
let server: KubeServer;
let clock: FakeClock;
const api: KubeBench['api'] = (...given) => bench.api(...given);
beforeEach(() => {
  ({ server, clock } = bench);
});

const broken = (status: number): { status: number; body: object } => ({
  status,
  body: statusBody(status, 'InternalError', 'etcdserver: leader changed'),
});

describe('connections', () => {
  test('a hundred calls share one connection, and a stream has its own', async () => {
    const kube = api();
    for (let i = 0; i < 100; i++) await kube.get(paths.pods('ns', 'none'));
    expect(server.connections).toBe(1);
    server.on(/log/, { stream: out => (out.send('line\n'), out.end()) });
    expect(text(await collect(kube.stream(paths.podLog('ns', 'p'))))).toBe('line\n');
    await kube.get(paths.pods('ns', 'none'));
    expect(server.connections).toBe(2);
  });

  test('no more than 16 connections, however many calls there are at once', async () => {
    const kube = api();
    await Promise.all(Array.from({ length: 200 }, () => kube.get(paths.pods('ns', 'none'))));
    expect(server.connections).toBe(16);
  });

  test('a call on a connection that the server has closed meanwhile is sent again at once', async () => {
    const kube = api();
    await kube.get(paths.pods('ns', 'none'));
    server.on(/^GET/, 'reset', 1);
    expect(await kube.get(paths.pods('ns', 'none'))).toBeNull();
    expect(clock.passed).toEqual([]);
  });

  test('a server may be below a path', async () => {
    server.on(/^GET \/k8s\/clusters\/c-1\/version$/, { status: 200, body: { gitVersion: 'v1.34.4' } });
    expect(await api({}, { server: `${server.url}/k8s/clusters/c-1` }).get(paths.version)).toEqual({
      gitVersion: 'v1.34.4',
    });
  });

  test('close ends what is under way, and what is waited for', async () => {
    const kube = api();
    server.on(/^GET/, 'freeze');
    const pending = errorOf(kube.get(jobs));
    const stream = errorOf(collect(kube.stream(jobs)));
    await server.hasBeenAsked(/^GET/, 2);
    kube.close();
    expect(await pending).toMatchObject({ reason: 'CLOSED', code: 'CLUSTER_UNREACHABLE' });
    expect((await stream).code).toBe('CLUSTER_UNREACHABLE');
    expect((await errorOf(kube.get(jobs))).reason).toBe('CLOSED');
    expect((await errorOf(collect(kube.stream(jobs)))).reason).toBe('CLOSED');
    expect(clock.waiting).toEqual([]);
  });
});

describe('retry budget', () => {
  test.each([429, 500, 502, 503, 504])('an answer of %i is tried again', async status => {
    server.on(/^POST/, broken(status), 3);
    expect(await api().create<KubeObject>(jobs, { metadata: { name: 'j' } })).not.toBeNull();
    expect(server.askedFor(/^POST/)).toHaveLength(4);
    expect(clock.passed).toHaveLength(3);
  });

  test('H2: a connection that breaks - is tried again, and a POST that had got through is met as existing', async () => {
    const kube = api();
    server.on(
      /^POST/,
      ({ text: body }) => (server.storage.create(jobs, JSON.parse(body) as object), 'reset'),
      1,
    );
    expect(await kube.create<KubeObject>(jobs, { metadata: { name: 'j' } })).toBeNull();
    expect(server.askedFor(/^POST/)).toHaveLength(2);
  });

  test('a quota that is being counted is no refusal', async () => {
    const conflict = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified';
    server.on(/^POST/, { status: 409, body: statusBody(409, 'Conflict', conflict) }, 2);
    expect(await api().create<KubeObject>(jobs, { metadata: { name: 'j' } })).not.toBeNull();
  });

  test('waits grow to ten seconds, with full jitter', async () => {
    const kube = api({ retryForMs: 1e9 });
    clock.digit = 'z';
    server.on(/^GET/, broken(503), 9);
    await kube.get(jobs);
    expect(clock.passed).toEqual([249, 499, 999, 1999, 3999, 7999, 9999, 9999, 9999]);
    clock.passed.length = 0;
    clock.digit = '0';
    server.on(/^GET/, broken(503), 3);
    await kube.get(jobs);
    expect(clock.passed).toEqual([]);
  });

  test('a server that asks to be left alone is left alone, but not beyond the retry budget', async () => {
    const busy = (seconds: string): object => ({
      status: 429,
      headers: { 'Retry-After': seconds },
      body: statusBody(429, 'TooManyRequests'),
    });
    clock.digit = '0';
    server.on(/^GET/, busy('7') as never, 1);
    await api().get(jobs);
    expect(clock.passed).toEqual([7000]);
    server.on(/^GET/, busy('60') as never, 1);
    expect(await errorOf(api().get(jobs))).toMatchObject({
      code: 'CLUSTER_BUSY',
      status: 429,
      retryAfterMs: 60_000,
    });
  });

  test('a cluster that is not there is tried until the retry budget is spent, and then named', async () => {
    const gone = await KubeServer.start();
    const { url } = gone;
    await gone.close();
    const error = await errorOf(api({}, { server: url, name: 'kind-x' }).get(paths.jobs('ns', 'j')));
    expect(error).toMatchObject({ code: 'CLUSTER_UNREACHABLE', status: 0, reason: 'ECONNREFUSED' });
    expect(error.problems[0]?.path).toBe('GET jobs/j');
    expect(error.message).toMatch(
      /"kind-x" at http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED.*`kubectl cluster-info`/,
    );
    const waited = clock.passed.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThan(15_000);
    expect(waited).toBeLessThan(30_000);
  });

  test('H1: a frozen server - the call ends with its timeout', async () => {
    server.on(/^GET/, 'freeze');
    const failed = errorOf(api().list(jobs));
    await server.hasBeenAsked(/^GET/);
    clock.advance(TIMEOUT_MS);
    expect(await failed).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: 'ETIMEDOUT' });
  });

  test('a server that freezes within an answer: the call ends with its timeout', async () => {
    server.on(/^GET/, { stream: out => out.send('{"items":[') }, 1);
    const listed = api({ retryForMs: 1e9 }).list(jobs);
    await server.hasBeenAsked(/^GET/);
    clock.advance(TIMEOUT_MS);
    expect((await listed).items).toEqual([]);
  });

  test('the signal ends a call, with its own reason', async () => {
    server.on(/^GET/, 'freeze');
    const stop = new AbortController();
    const kube = api();
    const listed = kube.list(jobs, { signal: stop.signal });
    await server.hasBeenAsked(/^GET/);
    stop.abort(new Error('enough'));
    await expect(listed).rejects.toThrow('enough');
    await expect(kube.get(jobs, { signal: stop.signal })).rejects.toThrow('enough');
    expect(server.asked).toHaveLength(1);
    expect(clock.waiting).toEqual([]);
  });

  test('what is not JSON is not tried again', async () => {
    server.on(/^GET/, { status: 200, body: '<html>Welcome</html>' });
    expect(await errorOf(api().get(jobs))).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: 'NOT_JSON' });
    expect(server.asked).toHaveLength(1);
  });
});

describe('silence', () => {
  test('of a server that does not answer - is told after three seconds, once for all calls', async () => {
    const still = new FakeClock();
    const told: string[] = [];
    const kube = api({ clock: still, onSilence: said => told.push(said) });
    server.on(/^GET/, 'freeze');
    const calls = [kube.get(paths.jobs('ns', 'j')), kube.list(jobs)].map(errorOf);
    await server.hasBeenAsked(/^GET/, 2);
    still.advance(3000);
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^The cluster "test" at http:\S+ has not answered GET jobs\/j for 3 s\. It is asked again for up to 27 s\.$/,
    );
    kube.close();
    await Promise.all(calls);
    expect([still.waiting, told.length]).toEqual([[], 1]);
  });

  test('of one that cannot be reached - is told in its words', async () => {
    const short = new FakeClock(ms => ms < TIMEOUT_MS && ms !== 3000);
    short.digit = 'z';
    const told: string[] = [];
    server.on(/^GET/, broken(503), 6);
    await api({ clock: short, onSilence: said => told.push(said) }).get(jobs);
    expect(told).toEqual([
      expect.stringMatching(/answered 503 .*leader changed\. It is asked again for up to 2\d s\.$/),
    ]);
  });

  test('there is none where the answer comes in time', async () => {
    const still = new FakeClock();
    const told: string[] = [];
    await api({ clock: still, onSilence: said => told.push(said) }).get(jobs);
    expect([told, still.waiting]).toEqual([[], []]);
  });
});

describe('credentials', () => {
  const bearer = (): (string | undefined)[] => server.asked.map(asked => asked.headers.authorization);

  test('H3: a token that is refused - is replaced once, for all calls that met it', async () => {
    const asked: boolean[] = [];
    let token = 'old';
    const kube = api(
      {},
      {
        headers: { 'Impersonate-User': 'eve' },
        token: again => (asked.push(again), again && (token = 'new'), Promise.resolve(token)),
      },
    );
    server.on(/./, ({ headers }) =>
      headers.authorization === 'Bearer new'
        ? 'store'
        : { status: 401, body: statusBody(401, 'Unauthorized') },
    );
    await Promise.all(Array.from({ length: 8 }, () => kube.get(paths.jobs('ns', 'j'))));
    expect(asked.filter(again => again)).toHaveLength(1);
    expect(bearer().filter(value => value === 'Bearer new')).toHaveLength(8);
    expect(server.asked[0]?.headers['impersonate-user']).toBe('eve');
  });

  test('a second 401 is the end', async () => {
    server.on(/./, { status: 401, body: statusBody(401, 'Unauthorized') });
    expect(await errorOf(api({}, { token: () => Promise.resolve('bad') }).get(jobs))).toMatchObject({
      code: 'CLUSTER_UNAUTHORIZED',
      status: 401,
    });
    expect(server.asked).toHaveLength(2);
    expect((await errorOf(collect(api().stream(jobs)))).code).toBe('CLUSTER_UNAUTHORIZED');
  });

  test('credentials that cannot be had are told as they are', async () => {
    await expect(
      api({}, { token: () => Promise.reject(new Error('the plugin failed')) }).get(jobs),
    ).rejects.toThrow('the plugin failed');
  });
});
