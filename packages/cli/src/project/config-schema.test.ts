/** What a configuration may hold. */
import { describe, expect, test } from 'vitest';
import { configSchema, fromLegacy, legacySchema } from './config-schema.js';

const issuesOf = (context: object): string[] => {
  const { error } = configSchema.safeParse({ contexts: { dev: context } });
  return (error?.issues ?? []).map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`);
};

describe('configSchema', () => {
  test('a context with everything - is taken as it is', () => {
    const config = {
      default: 'dev',
      drivers: ['s3', 'gs', 'az'],
      contexts: {
        dev: {
          kubeContext: 'kind',
          kubeconfig: '~/.kube/config',
          namespace: 'jobs',
          image: 'node:22',
          imagePullPolicy: 'Always',
          store: 'file:/mnt/data',
          volume: 'pvc:data',
          claim: { size: '10Gi', storageClass: 'fast', accessMode: 'ReadWriteMany' },
          serviceAccount: 'kt-pod',
          delivery: 'registry',
          repository: 'registry.example/team/x',
          platform: 'linux/arm64',
          insecureRegistry: true,
          build: './build.sh',
          maxPods: 3,
          maxRuns: 5,
          keepFinished: false,
          defaults: {
            memory: '512Mi',
            cpu: '500m',
            retries: 0,
            backoff: { initial: '1s', max: '1m', factor: 2 },
            timeout: null,
            env: { A: 'b' },
            labels: { team: 'x' },
            kubernetes: {
              ...{ queue: 'nightly', startTimeout: '5m', tolerations: [{ key: 'gpu' }] },
              ...{ podPatch: {}, containerPatch: { stdin: true }, jobPatch: { suspend: false } },
            },
          },
        },
        empty: {},
      },
    };
    expect(configSchema.parse(config)).toEqual(config);
  });

  test.each<[object, string | RegExp]>([
    [{ namespace: 'Not A Name' }, 'namespace: Expected the name of a namespace: a–z, 0–9 and "-"'],
    [{ namespace: 'n'.repeat(64) }, /^namespace: Expected the name/],
    [{ defaults: { memory: 'lots' } }, 'defaults.memory: Expected a quantity such as "512Mi" or "500m"'],
    [{ defaults: { timeout: 'soon' } }, 'defaults.timeout: Expected a duration such as "90s" or "5m"'],
    [{ defaults: { retries: 1.5 } }, /^defaults\.retries: /],
    [{ defaults: { backoff: { factor: 0 } } }, /^defaults\.backoff\.factor: /],
    [{ volum: 'pvc:data' }, /^: Unrecognized key: "volum"/],
    [{ image: '' }, /^image: /],
    [{ maxPods: 0 }, /^maxPods: /],
    [{ delivery: 'carrier' }, /^delivery: /],
    [{ claim: { size: '1Gi' } }, "claim: A claim needs a volume that names it: volume: 'pvc:NAME'"],
    [{ claim: { size: '1Gi' }, volume: 'host:/data' }, /^claim: A claim needs a volume/],
    [{ claim: { size: 'big' }, volume: 'pvc:data' }, /^claim\.size: Expected a quantity/],
  ])('%j - is refused', (context, issue) => {
    const issues = issuesOf(context);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(issue);
  });

  test('an empty name of a context - is refused', () => {
    expect(configSchema.safeParse({ contexts: { '': {} } }).success).toBe(false);
  });
});

describe('fromLegacy', () => {
  test('contexts of the starter kit - become ours', () => {
    const legacy = legacySchema.parse({
      minikube: {
        kube_context: 'minikube',
        image_path: 'p:latest',
        build_script_path: 'b.sh',
        data_dir: '/mnt/data',
      },
      eks: { kube_context: null, image_path: 'r/p', data_dir: 's3://bucket/data', more: 1 },
      empty: {},
    });
    expect(fromLegacy(legacy)).toEqual({
      contexts: {
        minikube: {
          kubeContext: 'minikube',
          image: 'p:latest',
          build: 'b.sh',
          delivery: 'docker',
          volume: 'host:/mnt/data:/mnt/data',
        },
        eks: { image: 'r/p', store: 's3://bucket/data' },
        empty: {},
      },
    });
  });

  test('what is made of them - is a configuration of ours', () => {
    const legacy = legacySchema.parse({ a: { data_dir: '/d', build_script_path: 'b.sh', image_path: 'p' } });
    expect(configSchema.safeParse(fromLegacy(legacy)).success).toBe(true);
  });
});
