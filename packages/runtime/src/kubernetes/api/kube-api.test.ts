import { collect } from '../../../../../test/kit/collect.js';
import type { FakeClock } from '../../../../../test/kit/fake-clock.js';
import { errorOf, KubeBench, TIMEOUT_MS } from '../../../../../test/kit/kube-bench.js';
import { type KubeServer, statusBody } from '../../../../../test/kit/kube-server.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { paths } from './paths.js';
import type { ConfigMap, Job, KubeObject, Pod } from './objects.js';

const bench = new KubeBench();
const jobs = paths.jobs('ns');
const configMaps = paths.configMaps('ns');
const text = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString();
let server: KubeServer;
let clock: FakeClock;
const api: KubeBench['api'] = (...given) => bench.api(...given);
beforeEach(() => {
  ({ server, clock } = bench);
});

describe('verbs', () => {
  const config = (name: string, labels: Record<string, string> = {}): ConfigMap => ({
    metadata: { name, labels },
    data: { a: '1' },
  });

  test('create, get, patch, replace and delete an object', async () => {
    const kube = api();
    expect(await kube.create(configMaps, config('one'))).toMatchObject({
      metadata: { name: 'one', namespace: 'ns' },
      data: { a: '1' },
    });
    expect(await kube.create(configMaps, config('one'))).toBeNull();
    const one = paths.configMaps('ns', 'one');
    expect(await kube.patch<ConfigMap>(one, { data: { b: '2', a: null } }, { type: 'merge' })).toMatchObject({
      data: { b: '2' },
    });
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
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'kube-transform',
    });
    expect(post?.headers['content-length']).toBe(String(Buffer.byteLength(post?.text ?? '')));
    expect(post?.headers['transfer-encoding']).toBeUndefined();
    expect(json?.headers['content-type']).toBe('application/json-patch+json');
    expect(json?.path).toBe('/api/v1/namespaces/ns/configmaps/%C3%BC');
    expect(apply?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(apply?.query.get('fieldManager')).toBe('kube-transform');
  });

  test('KA2: objects - fields that nobody here knows pass through', async () => {
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

  test('KA1: a DELETE of an object as it was read - leaves what was changed since, and takes along what it owns', async () => {
    const kube = api();
    const read = await kube.create<KubeObject>(jobs, { metadata: { name: 'a' } });
    const ownerReferences = [
      { apiVersion: 'batch/v1', kind: 'Job', name: 'a', uid: read?.metadata.uid ?? '' },
    ];
    await kube.create(paths.pods('ns'), { metadata: { name: 'a-0', ownerReferences } });
    const path = paths.jobs('ns', 'a');
    const now = await kube.patch<KubeObject>(path, { metadata: { labels: { a: 'b' } } }, { type: 'merge' });
    expect(await kube.deleteUnchanged(path, read!.metadata)).toBe(false);
    expect(await kube.deleteUnchanged(path, now!.metadata)).toBe(true);
    expect(await kube.deleteUnchanged(path, now!.metadata)).toBe(false);
    expect(server.storage.all(paths.pods('ns'))).toEqual([]);
  });

  test('KA1: a DELETE - has a propagation policy and no body, so no pod is orphaned', async () => {
    const kube = api();
    for (const name of ['a', 'b', 'c']) {
      const job = await kube.create<KubeObject>(jobs, {
        metadata: { name, labels: { run: name === 'c' ? '2' : '1' } },
      });
      const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: job?.metadata.uid ?? '' }];
      await kube.create(paths.pods('ns'), { metadata: { name: `${name}-0`, ownerReferences } });
    }
    await kube.delete(paths.jobs('ns', 'a'));
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['b-0', 'c-0']);
    await kube.deleteAll(jobs, { labelSelector: 'run=1' });
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['c-0']);
    await kube.delete(paths.jobs('ns', 'c'), {
      query: { propagationPolicy: 'Orphan', gracePeriodSeconds: 0 },
    });
    expect(server.storage.all(paths.pods('ns')).map(pod => pod.metadata.name)).toEqual(['c-0']);
    const deletes = server.askedFor(/^DELETE/);
    expect(deletes.map(asked => asked.query.get('propagationPolicy'))).toEqual([
      'Background',
      'Background',
      'Orphan',
    ]);
    expect(
      deletes.every(asked => asked.text === '' && asked.headers['transfer-encoding'] === undefined),
    ).toBe(true);
    await expect(kube.deleteAll(jobs, { labelSelector: '' })).rejects.toThrow(/Bug/);
  });

  test('a list has all pages and the version of the first', async () => {
    const kube = api();
    for (let i = 0; i < 1201; i++)
      server.storage.create(
        configMaps,
        config(`c${String(i).padStart(4, '0')}`, { odd: i % 2 === 0 ? 'no' : 'yes' }),
      );
    const all = await kube.list<ConfigMap>(configMaps);
    expect(all.items.map(item => item.metadata.name)).toEqual(
      server.storage.all(configMaps).map(item => item.metadata.name),
    );
    expect(all.resourceVersion).toBe(server.storage.version);
    expect(server.asked).toHaveLength(3);
    const askedBefore: number[] = [];
    const betweenPages = async (): Promise<void> => void askedBefore.push(server.asked.length);
    expect((await kube.list(configMaps, { betweenPages, pageSize: 600 })).items).toHaveLength(1201);
    expect(askedBefore).toEqual([4, 5]);
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

  test.each([
    ['an object', 'PartialObjectMetadata', () => api().get(`${jobs}/a`, { isBrief: true })],
    ['a list', 'PartialObjectMetadataList', () => api().list(jobs, { isBrief: true })],
  ])(
    'of %s only the metadata is asked for, in the words that the API server has for it',
    async (_, kind, ask) => {
      await ask();
      const [asked] = server.askedFor(/^GET/);
      expect(asked?.headers.accept).toMatch(
        new RegExp(`^application/json;as=${kind};g=meta\\.k8s\\.io;v=v1, `),
      );
    },
  );

  test('pods are found by phase', async () => {
    for (const [name, phase] of Object.entries({ a: 'Pending', b: 'Running', c: 'Pending' })) {
      server.storage.create(paths.pods('ns'), { metadata: { name }, status: { phase } });
    }
    const { items } = await api().list<Pod>(paths.pods('ns'), { fieldSelector: 'status.phase=Pending' });
    expect(items.map(pod => pod.metadata.name)).toEqual(['a', 'c']);
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

  test('that end by themselves leave their connection to the next; others have one each', async () => {
    server.on(/log/, { stream: out => (out.send('one\n'), out.end()) });
    const one = api();
    const read = async (isRead: boolean): Promise<number> => {
      expect(text(await collect(one.stream(paths.podLog('ns', 'p'), { isRead })))).toBe('one\n');
      return server.connections;
    };
    expect([await read(true), await read(true), await read(true)]).toEqual([1, 1, 1]);
    expect([await read(false), await read(false), await read(true)]).toEqual([2, 3, 3]);
  });

  test('that are left before their end give up their connection, and the next has another', async () => {
    server.on(/log/, { stream: out => out.send('one\n') });
    const one = api();
    for (const connections of [1, 2]) {
      for await (const _chunk of one.stream(paths.podLog('ns', 'p'), { isRead: true })) break;
      const [open] = server.watches;
      if (open !== undefined) await open.closed;
      expect([server.connections, server.watches.size]).toEqual([connections, 0]);
    }
  });

  test('that break, or that nobody answers, are rejected', async () => {
    server.on(/log/, { stream: out => (out.send('one\n'), out.asked.path.includes('p1') && out.reset()) });
    const read = async (name: string): Promise<Uint8Array[]> =>
      collect(api().stream(paths.podLog('ns', name)));
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
    const stream = api()
      .stream(paths.podLog('ns', 'p'), { answerWithinMs: TIMEOUT_MS })
      [Symbol.asyncIterator]();
    await stream.next();
    clock.advance(10 * TIMEOUT_MS);
    const more = stream.next();
    [...server.watches][0]?.send('two\n');
    expect(text([(await more).value as Uint8Array])).toBe('two\n');
    await stream.return(undefined);
  });
});
