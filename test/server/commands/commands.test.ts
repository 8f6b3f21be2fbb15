/** The commands of the job server, as far as they need no cluster. */
import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { root } from '../../kit/sources.js';
import { runKt } from '../../kit/kt.js';

interface Rendered {
  kind: string;
  metadata: { name: string; namespace: string };
  spec?: {
    replicas?: number;
    template?: { spec: { containers: { image: string; env: { name: string; value: string }[] }[] } };
  };
}

describe('kt render server', () => {
  test('prints what runs the server, as it is told', async () => {
    const args = [
      '-n',
      'jobs',
      '--image',
      'registry.example/kt',
      '--replicas',
      '3',
      '--allow-images',
      'a/*,b',
      '--tokens-secret',
      't',
    ];
    const { code, out } = await runKt(root, ['render', 'server', ...args]);
    expect(code).toBe(0);
    const objects = parseAllDocuments(out).map(document => document.toJS() as Rendered);
    expect(objects.map(({ kind }) => kind)).toEqual([
      ...['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'ConfigMap', 'ConfigMap'],
      ...['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy'],
    ]);
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['jobs']));
    const { spec } = objects.find(({ kind }) => kind === 'Deployment')!;
    expect(spec!.replicas).toBe(3);
    const [{ image, env }] = spec!.template!.spec.containers as [
      { image: string; env: { name: string; value: string }[] },
    ];
    expect(image).toBe('registry.example/kt');
    expect(env).toContainEqual({ name: 'JOB_ALLOWED_IMAGES', value: 'a/*,b' });
    expect(env).toContainEqual({
      name: 'JOB_SERVER_TOKENS_PATH',
      value: '/etc/job-server/tokens/tokens.yaml',
    });
  });

  test('with runs - has the rights for them, and says that they are served', async () => {
    const textOf = async (...more: string[]): Promise<string> =>
      (await runKt(root, ['render', 'server', '--image', 'kt', ...more])).out;
    const [without, with_] = [await textOf(), await textOf('--runs')];
    expect(with_).toMatch(/name: JOB_SERVER_RUNS\n\s+value: "true"/);
    expect(with_).toContain('- deletecollection');
    expect(without).not.toMatch(/JOB_SERVER_RUNS|deletecollection/);
  });

  test('with Secrets - mounts them, asks over TLS whether it lives, and tells of ends', async () => {
    const args = ['--image', 'a', '--tls-secret', 'cert', '--allow-queues', 'night'];
    const webhook = ['--webhook-url', 'https://hook.example/a', '--webhook-secret', 'signs'];
    const { out } = await runKt(root, ['render', 'server', ...args, ...webhook]);
    const deployment = parseAllDocuments(out)
      .map(document => document.toJS() as Rendered)
      .find(({ kind }) => kind === 'Deployment');
    const text = JSON.stringify(deployment);
    for (const part of [
      '{"name":"tls","secret":{"secretName":"cert"}}',
      '{"name":"webhook","mountPath":"/etc/job-server/webhook","readOnly":true}',
      '{"path":"/healthz","port":"http","scheme":"HTTPS"}',
      '{"name":"JOB_SERVER_TLS_KEY_PATH","value":"/etc/job-server/tls/tls.key"}',
      '{"name":"JOB_SERVER_WEBHOOK_URL","value":"https://hook.example/a"}',
      '{"name":"JOB_SERVER_WEBHOOK_SECRET_PATH","value":"/etc/job-server/webhook/secret"}',
      '{"name":"JOB_ALLOWED_QUEUES","value":"night"}',
    ])
      expect(text).toContain(part);
    const half = await runKt(root, ['render', 'server', '--image', 'a', ...webhook.slice(0, 2)]);
    expect([half.code, half.err]).toEqual([2, expect.stringContaining('belong together')]);
  });

  test('without an image - is refused', async () => {
    const { code, err } = await runKt(root, ['render', 'server']);
    expect(code).toBe(2);
    expect(err).toContain('--image');
  });
});

describe('kt serve', () => {
  test('without its settings - names all that are missing', async () => {
    const { code, err } = await runKt(root, ['serve']);
    expect(code).toBe(2);
    for (const name of ['JOB_SIGNATURE', 'JOB_NAMESPACE', 'JOB_DEFINITIONS_CONFIG_PATH'])
      expect(err).toContain(name);
  });
});
