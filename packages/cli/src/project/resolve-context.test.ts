import { expect, test } from 'vitest';
import type { FoundConfig } from './load-config.js';
import { type ClusterOptions, resolveContext } from './resolve-context.js';

const config: FoundConfig = {
  file: 'kt.config.ts',
  dir: '/project',
  config: {
    default: 'dev',
    contexts: {
      dev: { kubeContext: 'kind-dev', namespace: 'jobs', volume: 'pvc:data', kubeconfig: 'kube/dev' },
      prod: { kubeContext: 'eks', namespace: 'batch', image: 'registry.example/a:1' },
    },
  },
};
const last: ClusterOptions = { context: 'kind-old', namespace: 'old', volume: 'pvc:old', image: 'old:1' };
const none = { typed: {}, env: {}, config: null, last: null };

test('resolveContext - nothing said is nothing chosen', () => {
  expect(resolveContext(none)).toEqual({ name: null, values: {}, from: {} });
});

test('RX2: resolveContext - the context by default, and where each value is from; not what was used last', () => {
  expect(resolveContext({ ...none, config, last })).toEqual({
    name: 'dev',
    values: { context: 'kind-dev', namespace: 'jobs', volume: 'pvc:data', kubeconfig: '/project/kube/dev' },
    from: Object.fromEntries(
      ['context', 'namespace', 'volume', 'kubeconfig'].map(key => [key, 'kt.config.ts contexts.dev']),
    ),
  });
});

test('RX1: resolveContext - what is typed comes before the environment, and that before the configuration', () => {
  const env = { KT_CONTEXT: 'dev', KT_NAMESPACE: 'from-env', KT_IMAGE: 'env:1', KT_VOLUME: '' };
  const { name, values, from } = resolveContext({
    typed: { context: 'prod', image: 'typed:1' },
    env,
    config,
    last,
  });
  expect(name).toBe('prod');
  expect(values).toEqual({ context: 'eks', namespace: 'from-env', image: 'typed:1' });
  expect(from).toEqual({ context: 'kt.config.ts contexts.prod', namespace: 'KT_NAMESPACE', image: 'typed' });
});

test('RX3: resolveContext - a claim counts for the volume that is named beside it', () => {
  const claim = { size: '10Gi' };
  const claiming = { ...config, config: { contexts: { dev: { claim, volume: 'pvc:data' } } } };
  expect(resolveContext({ ...none, config: claiming }).values).toEqual({ claim, volume: 'pvc:data' });
  expect(resolveContext({ ...none, config: claiming, typed: { volume: 'pvc:other' } })).toEqual({
    name: 'dev',
    values: { volume: 'pvc:other' },
    from: { volume: 'typed' },
  });
});

test('resolveContext - the environment names a context', () => {
  expect(resolveContext({ ...none, env: { KT_CONTEXT: 'prod' }, config }).name).toBe('prod');
});

test('resolveContext - a name that is no context of the configuration is one of the kubeconfig', () => {
  expect(resolveContext({ ...none, typed: { context: 'minikube' }, config })).toEqual({
    name: null,
    values: { context: 'minikube' },
    from: { context: 'typed' },
  });
});

test('RX2: resolveContext - what was used last holds for the same cluster and namespace', () => {
  expect(resolveContext({ ...none, last }).values).toEqual(last);
  expect(resolveContext({ ...none, last, typed: { image: 'new:1' } }).values).toEqual({
    ...last,
    image: 'new:1',
  });
  expect(resolveContext({ ...none, last, typed: { namespace: 'new' } }).values).toEqual({
    context: 'kind-old',
    namespace: 'new',
  });
  expect(resolveContext({ ...none, last, typed: { context: 'other' } }).values).toEqual({ context: 'other' });
});

test('resolveContext - several contexts and none by default is asked about', () => {
  const { contexts } = config.config;
  const several = { ...config, config: { contexts } };
  expect(() => resolveContext({ ...none, config: several })).toThrow(
    /has 2 contexts and none by default.*--context dev, --context prod/s,
  );
});

test('resolveContext - who names a volume means its folder, and not the bucket that was used last', () => {
  const bucket = { context: 'kind', store: 's3://data', storeSecret: 'keys' };
  const typed = { volume: 'host:/data' };
  expect(resolveContext({ ...none, typed, last: bucket }).values).toEqual({ ...typed, context: 'kind' });
  expect(resolveContext({ ...none, last: bucket }).values).toEqual(bucket);
  const folder = { store: 'file:/mnt/data/mine' };
  expect(resolveContext({ ...none, typed, last: folder }).values).toEqual({ ...typed, ...folder });
});
