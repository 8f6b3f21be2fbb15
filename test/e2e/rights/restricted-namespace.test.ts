/** The printed Role is enough for runs, also where only restricted pods are admitted. */
import { join } from 'node:path';
import { accessObjects, type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { kt } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';
import { claimOn } from '../kit/claim.js';
import { E2E, testCluster } from '../kit/cluster.js';
import { summaryOf } from './run-words.js';

const LEVELS = ['enforce', 'warn', 'audit'].map(mode => [`pod-security.kubernetes.io/${mode}`, 'restricted']);

describe('a namespace that allows restricted pods only', () => {
  test('runs a pipeline on a claim, with what kt rbac prints', async () => {
    await using cluster = await testCluster('rights', {
      labels: Object.fromEntries(LEVELS) as Record<string, string>,
      access: false,
    });
    const { api, namespace, store } = cluster;
    await using _claim = await claimOn(cluster);
    const account = ['--service-account', 'runner'];
    const printed = await kt(root, ['rbac', '-n', namespace, ...account]);
    const objects = parseAllDocuments(printed.out).map(document => document.toJS() as KubeObject);
    expect(objects).toEqual(accessObjects({ namespace, serviceAccount: 'runner' }));
    await cluster.apply(...objects);

    const place = [
      '-n',
      namespace,
      '--kubeconfig',
      E2E.kubeconfig,
      '--volume',
      'pvc:data',
      '--image',
      E2E.image,
      ...account,
    ];
    const args = [
      join(root, 'test/fixtures/pipelines/confined.ts'),
      ...place,
      '--image-pull-policy',
      'IfNotPresent',
      '--run-id',
      'confined',
    ];
    const { code, out, err } = await kt(root, ['submit', ...args, '--follow']);
    expect(out + err).toContain('Completed in');
    expect(code).toBe(0);
    expect(out + err).not.toMatch(/may not|[Ff]orbidden/);
    expect((await summaryOf(cluster, 'confined'))?.trouble).toBeNull();
    const { place: pod, texts } = JSON.parse(
      Buffer.from(await store.get('out/report.json')).toString(),
    ) as Record<string, unknown>;
    expect(texts).toEqual(['attempt 1', 'attempt 2', 'attempt 2', 'grown']);
    expect(pod).toEqual({
      user: '65532',
      token: 'ENOENT',
      writesRoot: 'EROFS',
      writesBundle: 'EROFS',
      writesTemporary: 'done',
      temporary: '/tmp',
      capabilities: '0000000000000000',
      gainsNone: '1',
      seccomp: '2',
    });
    // The namespace does enforce it.
    const privileged = {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'x', image: E2E.image, securityContext: { privileged: true } }] },
    };
    await expect(api.create(paths.pods(namespace), privileged, { query: { dryRun: 'All' } })).rejects.toThrow(
      /violates PodSecurity "restricted/,
    );
  });
});
