import { collect } from '../../../../test/kit/collect.js';
import { FakeClock } from '../../../../test/kit/fake-clock.js';
import { KubeServer, statusBody } from '../../../../test/kit/kube-server.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paths, placeOf } from './api-paths.js';
import type { KubeConnection } from './connection.js';
import { KubeApi, type KubeApiOptions } from './kube-api.js';
import { isKubeError, type KubeError } from './kube-error.js';
import type { ConfigMap, Job, KubeObject, Pod } from './objects.js';

const TIMEOUT_MS = 30_000;
const jobs = paths.jobs('ns');
const configMaps = paths.configMaps('ns');
const text = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString();

let server: KubeServer;
let clock: FakeClock;
const apis: KubeApi[] = [];

function api(options: Partial<KubeApiOptions> = {}, connection: Partial<KubeConnection> = {}): KubeApi {
  const whole = { name: 'test', server: server.url, namespace: 'ns', token: () => Promise.resolve(undefined), ...connection };
  const made = new KubeApi(whole, { clock, ...options });
  apis.push(made);
  return made;
}

/** What a call was refused with. */
const errorOf = async (call: Promise<unknown>): Promise<KubeError> => {
  const error: unknown = await call.then(
    value => expect.fail(`expected an error, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(isKubeError(error), String(error)).toBe(true);
  return error as KubeError;
};

beforeEach(async () => {
  server = await KubeServer.start();
  // Backoffs take no time; timeouts last until a test lets time pass.
  clock = new FakeClock(ms => ms < TIMEOUT_MS);
});
afterEach(async () => {
  for (const made of apis.splice(0)) made.close();
  await server.close();
});

describe('verbs', () => {
  const config = (name: string, labels: Record<string, string> = {}): ConfigMap => ({ metadata: { name, labels }, data: { a: '1' } });

  test('create, get, patch, replace, delete', async () => {
    const kube = api();
    expect(await kube.create(configMaps, config('one'))).toMatchObject({ metadata: { name: 'one', namespace: 'ns' }, data: { a: '1' } });
    expect(await kube.create(configMaps, config('one'))).toBeNull();
    const one = paths.configMaps('ns', 'one');
    expect(await kube.patch<ConfigMap>(one, { data: { b: '2', a: null } }, { type: 'merge' })).toMatchObject({ data: { b: '2' } });
    const read = await kube.get<ConfigMap>(one);
    expect(read?.data).toEqual({ b: '2' });
    expect(await kube.replace(one, { ...read!, data: { c: '3' } })).toMatchObject({ data: { c: '3' } });
    expect(await kube.replace(one, { ...read!, data: { d: '4' } })).toBeNull();
    await kube.delete(one);
    await kube.delete(one);
    expect(await kube.get(one)).toBeNull();
    expect(await kube.patch(one, {}, { type: 'merge' })).toBeNull();
    expect((await errorOf(kube.replace(one, config('one')))).status).toBe(404);
    expect(kube.requests).toBe(server.asked.length);
  });

  test('bodies have a length and a type, and requests say who sends them', async () => {
    const kube = api();
    await kube.create(configMaps, { ...config('ü'), data: { text: 'größer' } });
    await kube.patch(paths.configMaps('ns', 'ü'), [], { type: 'json' });
    await kube.patch(paths.configMaps('ns', 'ü'), {}, { type: 'apply' });
    const [post, json, apply] = server.asked;
    expect(post?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'kube-transform' });
    expect(post?.headers['content-length']).toBe(String(Buffer.byteLength(post?.text ?? '')));
    expect(post?.headers['transfer-encoding']).toBeUndefined();
    expect(json?.headers['content-type']).toBe('application/json-patch+json');
    expect(json?.path).toBe('/api/v1/namespaces/ns/configmaps/%C3%BC');
    expect(apply?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(apply?.query.get('fieldManager')).toBe('kube-transform');
  });

  test('fields that nobody here knows pass through', async () => {
    const kube = api();
    const odd = {
      metadata: { name: 'odd', future: { a: 1 } },
      spec: { template: { metadata: { labels: {} }, spec: {} }, futureField: [1, { x: null }] },
    };
    await kube.create(jobs, odd);
    expect(JSON.parse(server.asked[0]?.text ?? '')).toEqual(odd);
    expect(await kube.get(paths.jobs('ns', 'odd'))).toMatchObject(odd);
    expect(await kube.list<Job>(jobs)).toMatchObject({ items: [odd] });
  });

  test('a DELETE has a propagation policy and no body, so no pod is orphaned', async () => {
    const kube = api();
    for (const name of ['a', 'b', 'c']) {
      const job = await kube.create<KubeObject>(jobs, { metadata: { name, labels: { run: name === 'c' ? '2' : '1' } } });
      const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: job?.metadata.uid ?? '' }];
      await kube.create(paths.pods('ns'), { metadata: { name: `${name}-0`, ownerReferences } });
    }
    await kube.delete(paths.jobs('ns', 'a'));
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['b-0', 'c-0']);
    await kube.deleteAll(jobs, { labelSelector: 'run=1' });
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['c-0']);
    await kube.delete(paths.jobs('ns', 'c'), { query: { propagationPolicy: 'Orphan', gracePeriodSeconds: 0 } });
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['c-0']);
    const deletes = server.askedFor(/^DELETE/);
    expect(deletes.map(asked => asked.query.get('propagationPolicy'))).toEqual(['Background', 'Background', 'Orphan']);
    expect(deletes.every(asked => asked.text === '' && asked.headers['transfer-encoding'] === undefined)).toBe(true);
    await expect(kube.deleteAll(jobs, { labelSelector: '' })).rejects.toThrow(/Bug/);
  });

  test('a list has all pages and the version of the first', async () => {
    const kube = api();
    for (let i = 0; i < 1201; i++) server.storage.create(configMaps, config(`c${String(i).padStart(4, '0')}`, { odd: i % 2 === 0 ? 'no' : 'yes' }));
    const all = await kube.list<ConfigMap>(configMaps);
    expect(all.items.map(item => item.metadata.name)).toEqual(server.storage.all(configMaps).map(item => item.metadata.name));
    expect(all.resourceVersion).toBe(server.storage.version);
    expect(server.asked).toHaveLength(3);
    expect((await kube.list(configMaps, { labelSelector: 'odd=yes' })).items).toHaveLength(600);
    expect((await kube.list(configMaps, { fieldSelector: 'metadata.name=c0007' })).items).toHaveLength(1);
  });

  test('a list whose moment is forgotten between pages begins again, in the end without pages', async () => {
    const kube = api();
    for (let i = 0; i < 501; i++) server.storage.create(configMaps, config(`c${i}`));
    server.on(/continue=/, { status: 410, body: statusBody(410, 'Expired') }, 1);
    expect((await kube.list(configMaps)).items).toHaveLength(501);
    server.on(/continue=/, { status: 410, body: statusBody(410, 'Expired') });
    expect((await kube.list(configMaps)).items).toHaveLength(501);
    expect(server.asked.at(-1)?.query.has('limit')).toBe(false);
  });

  test('null instead of items is an empty list', async () => {
    server.on(/^GET/, { status: 200, body: { metadata: { resourceVersion: '7' }, items: null } });
    expect(await api().list(jobs)).toEqual({ items: [], resourceVersion: '7' });
  });
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

  test('a server below a path', async () => {
    server.on(/^GET \/k8s\/clusters\/c-1\/version$/, { status: 200, body: { gitVersion: 'v1.34.4' } });
    expect(await api({}, { server: `${server.url}/k8s/clusters/c-1` }).get(paths.version)).toEqual({ gitVersion: 'v1.34.4' });
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

describe('patience', () => {
  const broken = (status: number): { status: number; body: object } => ({
    status,
    body: statusBody(status, 'InternalError', 'etcdserver: leader changed'),
  });

  test.each([429, 500, 502, 503, 504])('%i is tried again', async status => {
    const told: number[] = [];
    server.on(/^POST/, broken(status), 3);
    expect(await api({ onRetry: error => told.push(error.status) }).create<KubeObject>(jobs, { metadata: { name: 'j' } })).not.toBeNull();
    expect(told).toEqual([status, status, status]);
    expect(clock.passed).toHaveLength(3);
  });

  test('a connection that breaks is tried again, and a POST that had got through is met as existing', async () => {
    const kube = api();
    server.on(/^POST/, ({ text: body }) => (server.storage.create(jobs, JSON.parse(body)), 'reset'), 1);
    expect(await kube.create<KubeObject>(jobs, { metadata: { name: 'j' } })).toBeNull();
    expect(server.askedFor(/^POST/)).toHaveLength(2);
  });

  test('a quota that is being counted is no refusal', async () => {
    const conflict = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified';
    server.on(/^POST/, { status: 409, body: statusBody(409, 'Conflict', conflict) }, 2);
    expect(await api().create<KubeObject>(jobs, { metadata: { name: 'j' } })).not.toBeNull();
  });

  test('waits grow to ten seconds, with full jitter', async () => {
    const kube = api({ patienceMs: 1e9 });
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

  test('a server that asks to be left alone is left alone, but not for longer than there is patience', async () => {
    const busy = (seconds: string): object => ({ status: 429, headers: { 'Retry-After': seconds }, body: statusBody(429, 'TooManyRequests') });
    clock.digit = '0';
    server.on(/^GET/, busy('7') as never, 1);
    await api().get(jobs);
    expect(clock.passed).toEqual([7000]);
    server.on(/^GET/, busy('60') as never, 1);
    expect(await errorOf(api().get(jobs))).toMatchObject({ code: 'CLUSTER_BUSY', status: 429, retryAfterMs: 60_000 });
  });

  test('a cluster that is not there is tried for as long as there is patience, and then named', async () => {
    const gone = await KubeServer.start();
    const { url } = gone;
    await gone.close();
    const error = await errorOf(api({}, { server: url, name: 'kind-x' }).get(paths.jobs('ns', 'j')));
    expect(error).toMatchObject({ code: 'CLUSTER_UNREACHABLE', status: 0, reason: 'ECONNREFUSED' });
    expect(error.problems[0]?.path).toBe('GET jobs/j');
    expect(error.message).toMatch(/"kind-x" at http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED.*`kubectl cluster-info`/);
    const waited = clock.passed.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThan(15_000);
    expect(waited).toBeLessThan(30_000);
  });

  test('a frozen server: the call ends with its timeout', async () => {
    server.on(/^GET/, 'freeze');
    const failed = errorOf(api().list(jobs));
    await server.hasBeenAsked(/^GET/);
    clock.advance(TIMEOUT_MS);
    expect(await failed).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: 'ETIMEDOUT' });
  });

  test('a server that freezes within an answer: the call ends with its timeout', async () => {
    server.on(/^GET/, { stream: out => out.send('{"items":[') }, 1);
    const listed = api({ patienceMs: 1e9 }).list(jobs);
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

describe('who asks', () => {
  const bearer = (): (string | undefined)[] => server.asked.map(asked => asked.headers.authorization);

  test('a token that is refused is replaced once, for all calls that met it', async () => {
    const asked: boolean[] = [];
    let token = 'old';
    const kube = api(
      {},
      { headers: { 'Impersonate-User': 'eve' }, token: again => (asked.push(again), again && (token = 'new'), Promise.resolve(token)) },
    );
    server.on(/./, ({ headers }) => (headers.authorization === 'Bearer new' ? 'store' : { status: 401, body: statusBody(401, 'Unauthorized') }));
    await Promise.all(Array.from({ length: 8 }, () => kube.get(paths.jobs('ns', 'j'))));
    expect(asked.filter(again => again)).toHaveLength(1);
    expect(bearer().filter(value => value === 'Bearer new')).toHaveLength(8);
    expect(server.asked[0]?.headers['impersonate-user']).toBe('eve');
  });

  test('a second 401 is the end', async () => {
    server.on(/./, { status: 401, body: statusBody(401, 'Unauthorized') });
    expect(await errorOf(api({}, { token: () => Promise.resolve('bad') }).get(jobs))).toMatchObject({ code: 'CLUSTER_UNAUTHORIZED', status: 401 });
    expect(server.asked).toHaveLength(2);
    expect((await errorOf(collect(api().stream(jobs)))).code).toBe('CLUSTER_UNAUTHORIZED');
  });

  test('credentials that cannot be had are told as they are', async () => {
    await expect(api({}, { token: () => Promise.reject(new Error('the plugin failed')) }).get(jobs)).rejects.toThrow('the plugin failed');
  });
});

describe('refusals', () => {
  const refusal = async (status: number, reason: string, message: string, more: object = {}): Promise<KubeError> => {
    server.on(/./, { status, body: statusBody(status, reason, message, more) }, 1);
    return errorOf(api({ patienceMs: 0 }).create<KubeObject>(jobs, { metadata: { name: 'j' } }));
  };

  test('403 says what is missing', async () => {
    const user = 'system:serviceaccount:ns:kt';
    const message = `jobs.batch is forbidden: User "${user}" cannot create resource "jobs" in API group "batch" in the namespace "ns"`;
    const error = await refusal(403, 'Forbidden', message);
    expect(error.problems).toEqual([
      {
        code: 'CLUSTER_FORBIDDEN',
        path: 'POST jobs/j',
        message: `"${user}" may not create jobs in namespace "ns" of the cluster "test".`,
        hint: 'A Role with the rule {apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"]} and a binding to it are needed.',
      },
    ]);
  });

  test('403 without a word still names verb, resource and namespace', async () => {
    expect((await refusal(403, 'Forbidden', 'no')).message).toMatch(/may not create jobs in namespace "ns".*verbs: \["create"\]/);
    server.on(/./, { status: 403, body: 'no' });
    expect((await errorOf(api().list(jobs))).message).toMatch(/may not list jobs/);
    expect((await errorOf(collect(api().stream(jobs, { query: { watch: true } })))).message).toMatch(/may not watch jobs/);
    expect((await errorOf(api().deleteAll(jobs, { labelSelector: 'a=b' }))).message).toMatch(/may not deletecollection jobs/);
    expect((await errorOf(collect(api().stream(paths.podLog('ns', 'p'))))).message).toMatch(/may not get pods\/log/);
  });

  test('403 of a quota or a policy is not a missing role', async () => {
    const quota = await refusal(403, 'Forbidden', 'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5');
    expect(quota).toMatchObject({ code: 'CLUSTER_REFUSED', status: 403 });
    expect((await refusal(403, 'Forbidden', 'pods "p" is forbidden: violates PodSecurity "restricted:latest": x')).code).toBe('CLUSTER_REFUSED');
  });

  test('422 names every field', async () => {
    const causes = [
      { field: 'spec.completions', message: 'Required value', reason: 'FieldValueRequired' },
      { field: 'spec.parallelism', message: 'Invalid value: -1', reason: 'FieldValueInvalid' },
    ];
    const error = await refusal(422, 'Invalid', 'Job.batch "j" is invalid', { details: { causes } });
    expect(error).toMatchObject({ code: 'CLUSTER_REFUSED', status: 422, reason: 'Invalid' });
    expect(error.problems.map(problem => problem.message)).toEqual([
      'The cluster does not accept spec.completions: Required value',
      'The cluster does not accept spec.parallelism: Invalid value: -1',
    ]);
  });

  test('a namespace that is missing', async () => {
    const error = await refusal(404, 'NotFound', 'namespaces "nsx" not found');
    expect(error).toMatchObject({ code: 'NAMESPACE_MISSING', status: 404 });
    expect(error.message).toContain('kubectl create namespace nsx');
  });

  test('other answers', async () => {
    expect(await refusal(409, 'Conflict', 'x')).toMatchObject({ code: 'CLUSTER_REFUSED', status: 409, reason: 'Conflict' });
    expect(await refusal(503, 'ServiceUnavailable', 'x', { details: { retryAfterSeconds: 3 } })).toMatchObject({
      code: 'CLUSTER_FAILED',
      retryAfterMs: 3000,
    });
    expect(await refusal(429, 'TooManyRequests', 'x')).toMatchObject({ code: 'CLUSTER_BUSY' });
    server.on(/./, { status: 502, body: '<html><h1>Bad Gateway</h1></html>' });
    expect((await errorOf(api({ patienceMs: 0 }).get(jobs))).message).toMatch(/answered 502: Bad Gateway\./);
  });
});

describe('streams', () => {
  test('come as they are sent, and end with their signal', async () => {
    const stop = new AbortController();
    server.on(/log/, { stream: out => out.send('one\n') });
    const stream = api()
      .stream(paths.podLog('ns', 'p'), { query: { follow: true }, signal: stop.signal })
      [Symbol.asyncIterator]();
    expect(text([(await stream.next()).value as Uint8Array])).toBe('one\n');
    const more = stream.next();
    [...server.watches][0]?.send('two\n');
    expect(text([(await more).value as Uint8Array])).toBe('two\n');
    const last = stream.next();
    stop.abort(new Error('enough'));
    await expect(last).rejects.toThrow('enough');
  });

  test('close their connection when the reader leaves', async () => {
    server.on(/log/, { stream: out => out.send('one\n') });
    for await (const _chunk of api().stream(paths.podLog('ns', 'p'))) break;
    const [open] = server.watches;
    if (open !== undefined) await open.closed;
    expect(server.watches.size).toBe(0);
  });

  test('that break, or that nobody answers, reject', async () => {
    server.on(/log/, { stream: out => (out.send('one\n'), out.asked.path.includes('p1') && out.reset()) });
    const read = async (name: string): Promise<Uint8Array[]> => collect(api().stream(paths.podLog('ns', name)));
    const broken = errorOf(read('p1'));
    expect(await broken).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: 'ECONNRESET' });
    server.on(/log/, 'freeze');
    const frozen = errorOf(collect(api().stream(paths.podLog('ns', 'p2'), { answerWithinMs: TIMEOUT_MS })));
    await server.hasBeenAsked(/p2/);
    clock.advance(TIMEOUT_MS);
    expect(await frozen).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: 'ETIMEDOUT' });
    server.mend();
    expect(await errorOf(read('p3'))).toMatchObject({ code: 'CLUSTER_REFUSED', status: 404 });
  });

  test('may be silent for as long as they like once they have begun', async () => {
    server.on(/log/, { stream: out => out.send('one\n') });
    const stream = api().stream(paths.podLog('ns', 'p'), { answerWithinMs: TIMEOUT_MS })[Symbol.asyncIterator]();
    await stream.next();
    clock.advance(10 * TIMEOUT_MS);
    const more = stream.next();
    [...server.watches][0]?.send('two\n');
    expect(text([(await more).value as Uint8Array])).toBe('two\n');
    await stream.return(undefined);
  });
});

test('placeOf reads paths', () => {
  expect(placeOf(paths.version)).toEqual({ group: '', resource: 'version' });
  expect(placeOf(paths.jobs('a b'))).toEqual({ group: 'batch', resource: 'jobs', namespace: 'a b' });
  expect(placeOf(paths.podLog('ns', 'p'))).toEqual({ group: '', resource: 'pods/log', namespace: 'ns', name: 'p' });
  expect(placeOf(paths.namespaces('ns'))).toEqual({ group: '', resource: 'namespaces', name: 'ns' });
  expect(placeOf(paths.selfSubjectAccessReviews)).toEqual({ group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' });
});

test('pods are found by phase', async () => {
  for (const [name, phase] of Object.entries({ a: 'Pending', b: 'Running', c: 'Pending' })) {
    server.storage.create(paths.pods('ns'), { metadata: { name }, status: { phase } });
  }
  const { items } = await api().list<Pod>(paths.pods('ns'), { fieldSelector: 'status.phase=Pending' });
  expect(items.map(pod => pod.metadata.name)).toEqual(['a', 'c']);
});
