import { type ConfigMap, type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { KubeBench } from '../../../../test/kit/kube-bench.js';
import { statusBody } from '../../../../test/kit/kube-server.js';
import { applyObject, deleteObject, includes } from './apply-objects.js';

const bench = new KubeBench();
const configMaps = paths.configMaps('ns');
const object: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'ns', labels: { x: '1' } },
  data: { k: 'v' },
};
const withData = (k: string): ConfigMap => ({ ...object, data: { k } });

test('AP1: applyObject - what is as it should be is unchanged, whatever the server notes on it', async () => {
  bench.server.storage.create(configMaps, { ...object, metadata: { ...object.metadata, generation: 7 } });
  const { outcome } = await applyObject(bench.api(), object, { dryRun: false });
  expect(outcome).toBe('unchanged');
  expect((await applyObject(bench.api(), withData('w'), { dryRun: false })).outcome).toBe('changed');
});

test('AP2: applyObject - what is immutable and there is not sent', async () => {
  const immutable = { ...object, immutable: true };
  bench.server.storage.create(configMaps, immutable);
  const { outcome } = await applyObject(bench.api(), immutable, { dryRun: false });
  expect(outcome).toBe('unchanged');
  expect(bench.server.askedFor(/^PATCH/)).toEqual([]);
});

test('AP2: applyObject - what is immutable and not there is made, once', async () => {
  const immutable = { ...object, immutable: true };
  const given = { dryRun: false, before: null };
  expect((await applyObject(bench.api(), immutable, given)).outcome).toBe('created');
  expect(bench.server.askedFor(/^POST \S+\?fieldManager=kube-transform$/)).toHaveLength(1);
  // Somebody else was first.
  expect((await applyObject(bench.api(), immutable, given)).outcome).toBe('unchanged');
  bench.server.on(/^POST/, { status: 404, body: statusBody(404, 'NotFound') });
  await expect(applyObject(bench.api(), immutable, given)).rejects.toMatchObject({ code: 'NO_NAMESPACE' });
});

test('applyObject - a dry run asks the server only what would come of it', async () => {
  bench.server.on(/^PATCH .*[?&]dryRun=All/, { status: 201, body: object });
  expect((await applyObject(bench.api(), object, { dryRun: true })).outcome).toBe('created');
  bench.server.storage.create(configMaps, object);
  await deleteObject(bench.api(), object, { dryRun: true });
  expect(bench.server.askedFor(/^DELETE \S*\/a\?.*dryRun=All/)).toHaveLength(1);
});

test('applyObject - who may not change an object need not where it is as it should be', async () => {
  bench.server.storage.create(configMaps, object);
  bench.server.on(/^PATCH/, { status: 403, body: statusBody(403, 'Forbidden') });
  expect((await applyObject(bench.api(), object, { dryRun: false })).outcome).toBe('unchanged');
  await expect(applyObject(bench.api(), withData('w'), { dryRun: false })).rejects.toMatchObject({
    code: 'CLUSTER_FORBIDDEN',
  });
});

test('applyObject - without its namespace an object cannot be made', async () => {
  await expect(applyObject(bench.api(), object, { dryRun: false })).rejects.toMatchObject({
    problems: [{ code: 'NO_NAMESPACE', message: 'There is no namespace "ns".' }],
  });
});

test.each<[unknown, unknown, boolean]>([
  [{ a: 1, b: 2 }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [{ a: [1, { x: 1, y: 2 }] }, { a: [1, { x: 1 }] }, true],
  [{ a: [1, 2] }, { a: [1] }, false],
  [null, {}, false],
])('includes - %j has all of %j: %s', (whole, part, expected) => {
  expect(includes(whole, part)).toBe(expected);
});

test('applyObject - a kind without a path is a bug of ours', async () => {
  const other: KubeObject = { kind: 'Widget', metadata: { name: 'w' } };
  await expect(applyObject(bench.api(), other, { dryRun: true })).rejects.toThrow(
    /^Bug: no path for a Widget/,
  );
});
