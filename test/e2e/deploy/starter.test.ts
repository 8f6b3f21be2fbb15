/** The project of `kt init --template starter` on a cluster, as its README says: the same output as here. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { kt, makeProject, run } from '../../kit/kt.js';
import { E2E, testCluster } from '../kit/cluster.js';

interface Kubeconfig {
  'current-context': string;
  contexts: { name: string; context: object }[];
}

test('hello world of the starter runs in another context by one word', async () => {
  await using cluster = await testCluster('starter', { access: false });
  const outside = await makeProject({});
  try {
    await kt(outside, ['init', 'shop', '--template', 'starter']);
    const dir = join(outside, 'shop');
    // The cluster under the name that kind would give it, beside one that is not meant.
    const { contexts, ...rest } = parse(await readFile(E2E.kubeconfig, 'utf8')) as Kubeconfig;
    const meant = contexts.find(({ name }) => name === rest['current-context'])!;
    const kubeconfig = join(dir, 'kubeconfig');
    const other = { name: 'other', context: { cluster: 'nowhere', user: 'nobody' } };
    const named = { ...rest, 'current-context': 'other', contexts: [other, { ...meant, name: 'kind-kt' }] };
    await writeFile(kubeconfig, stringify(named));

    await cp(join(dir, 'data'), cluster.dir, { recursive: true });
    await run('chmod', ['-R', 'a+rwX', cluster.dir], { dir });
    const { namespace } = cluster;
    const rbac = await kt(dir, ['rbac', '-n', namespace]);
    await writeFile(join(dir, 'rbac.yaml'), rbac.out);
    const applied = await run('kubectl', ['--kubeconfig', E2E.kubeconfig, 'apply', '-f', 'rbac.yaml'], {
      dir,
    });
    expect(applied.code, applied.err).toBe(0);

    // What is here another folder than data/ of the project, and another image than that of Docker Hub.
    const here = ['--kubeconfig', kubeconfig, '-n', namespace, '--volume', `host:${cluster.dir}`];
    const image = ['--image', E2E.image, '--image-pull-policy', 'IfNotPresent'];
    const args = ['submit', 'hello_world', '--context', 'kind', ...here, ...image, '--follow'];
    const { code, out, err } = await kt(dir, args);
    expect(code, out + err).toBe(0);
    const processed = join(cluster.dir, 'hello_world/processed');
    expect(await readFile(join(processed, 'part_1.txt'), 'utf8')).toBe('Hello World: A\nHello World: B');
    expect(await readFile(join(processed, 'part_2.txt'), 'utf8')).toBe('Hello World: C\nHello World: D');
    // The kubeconfig is as it was: its current context still is the other.
    expect(parse(await readFile(kubeconfig, 'utf8'))).toEqual(named);
  } finally {
    await rm(outside, { recursive: true, force: true });
  }
});
