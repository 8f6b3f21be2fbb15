/** `kt doctor` on a cluster whose store is a bucket: tried by a pod, and from here. */
import { openStore } from '@kube-transform/runtime';
import { describe, expect, test } from 'vitest';
import { collect } from '../../kit/collect.js';
import { hasServers, newPlace, servers } from '../../objectstore/servers.js';
import { findings, withProject } from '../doctor/findings.js';
import { E2E, object, testCluster } from '../kit/cluster.js';

withProject();

describe.skipIf(!hasServers)('kt doctor - a bucket', () => {
  test('is tried with the rights of pods and with those of this machine; nothing is left', async () => {
    const url = newPlace('s3');
    await using cluster = await testCluster('doctor');
    const secret = async (name: string, user: string): Promise<void> => {
      const valueOf = (part: string): string =>
        new RegExp(`export ${user}_${part}=(.*)`).exec(servers('env', 's3'))?.[1] ?? '';
      const stringData = {
        AWS_ACCESS_KEY_ID: valueOf('ACCESS_KEY_ID'),
        AWS_SECRET_ACCESS_KEY: valueOf('SECRET_ACCESS_KEY'),
      };
      await cluster.api.create(`/api/v1/namespaces/${cluster.namespace}/secrets`, {
        ...object('Secret', name, { stringData }),
        apiVersion: 'v1',
      });
    };
    await secret('writer', 'AWS');
    await secret('reader', 'KT_S3_READER');
    const at = ['-n', cluster.namespace, '--kubeconfig', E2E.kubeconfig, '--image', E2E.image];
    const look = async (name: string): Promise<Record<string, string>> => {
      const args = [...at, '--image-pull-policy', 'IfNotPresent', '--store', url, '--store-secret', name];
      const { found } = await findings(args, 'plain', 'pod');
      return Object.fromEntries(found.map(({ check, outcome, message }) => [check, `${outcome} ${message}`]));
    };
    const well = await look('writer');
    expect(well['store']).toMatch(/^ok Pods can list, get, put, put if absent, .* in s3:/);
    expect(well['store speed']).toMatch(/^ok 100 puts of pods/);
    expect(well['store from here']).toMatch(/^ok This machine can list/);
    expect((await look('reader'))['store']).toMatch(/^problem Pods cannot put if absent.*AccessDenied, 403/);
    await using store = await openStore(url);
    expect(await collect(store.list(''))).toEqual([]);
  });
});
