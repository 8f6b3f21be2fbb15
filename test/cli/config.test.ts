/** Named contexts: `kt.config.ts`, the starter kit's `kt-contexts.json`, and what comes before them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, expectMistake, project, run, runKt } from '../kit/kt.js';

interface Shown {
  context: string | null;
  values: Record<string, { value: unknown; from: string }>;
}

const shown = async (dir: string, ...args: string[]): Promise<Shown> => {
  const { code, out, err } = await runKt(dir, ['config', '--json', ...args]);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Shown;
};

const CONFIG = `import { defineConfig } from '@kube-transform/sdk';
import { memory } from './sizes.js';
export default defineConfig({
  default: 'dev',
  contexts: {
    dev: { kubeContext: 'kind-dev', volume: 'pvc:data', claim: { size: '10Gi' }, defaults: { memory } },
    prod: { kubeContext: 'eks', namespace: 'batch', repository: 'registry.example/team/pipelines', delivery: 'registry' },
  },
});
`;

test('kt config shows what holds and where it comes from', async () => {
  const dir = await project({ 'kt.config.ts': CONFIG, 'sizes.ts': "export const memory = '2Gi';\n" });
  const from = 'kt.config.ts contexts.dev';
  expect(await shown(dir)).toEqual({
    context: 'dev',
    values: {
      context: { value: 'kind-dev', from },
      volume: { value: 'pvc:data', from },
      claim: { value: { size: '10Gi' }, from },
      defaults: { value: { memory: '2Gi' }, from },
    },
  });
  expect(await shown(dir, '--context', 'prod', '-n', 'other')).toMatchObject({
    context: 'prod',
    values: {
      namespace: { value: 'other', from: 'typed' },
      delivery: { value: 'registry', from: 'kt.config.ts contexts.prod' },
    },
  });
  const text = await runKt(dir, ['config']);
  expect(text.out).toMatch(/volume +pvc:data +kt\.config\.ts contexts\.dev/);
  expect(text.out).toMatch(/serviceAccount +kt-pod +by default/);
});

test('kt config - what kt.config.ts takes of the SDK comes along, where none is installed', async () => {
  const source = `import { defineConfig, parsePipeline, parseQuantity } from '@kube-transform/sdk';
const memory = parsePipeline({}).ok ? '1Gi' : \`\${parseQuantity('3Ki')}\`;
export default defineConfig({ contexts: { dev: { defaults: { memory } } } });
`;
  const dir = await project({ 'kt.config.ts': source });
  await rm(join(dir, 'node_modules'));
  expect((await shown(dir)).values['defaults']?.value).toEqual({ memory: '3072' });
});

test('kt config - the environment comes before the file', async () => {
  const dir = await project({ 'kt.config.ts': CONFIG, 'sizes.ts': "export const memory = '2Gi';\n" });
  const { out } = await run(
    'env',
    ['KT_CONTEXT=prod', 'KT_NAMESPACE=mine', process.execPath, BIN, 'config', '--json'],
    { dir },
  );
  expect(JSON.parse(out)).toMatchObject({
    context: 'prod',
    values: { namespace: { value: 'mine', from: 'KT_NAMESPACE' } },
  });
});

test('a kt-contexts.json of the starter kit is read as it is', async () => {
  const contexts = {
    minikube: {
      kube_context: 'minikube',
      image_path: 'my-project:latest',
      build_script_path: 'build/build_minikube.sh',
      data_dir: '/mnt/data',
    },
    eks: {
      kube_context: 'arn:eks',
      image_path: 'registry.example/my-project',
      build_script_path: 'build/build_eks.sh',
      data_dir: 's3://bucket/data',
    },
  };
  const dir = await project({ 'kt-contexts.json': JSON.stringify(contexts) });
  const { context, values } = await shown(dir, '--context', 'minikube');
  expect(context).toBe('minikube');
  expect(Object.fromEntries(Object.entries(values).map(([key, { value }]) => [key, value]))).toEqual({
    context: 'minikube',
    image: 'my-project:latest',
    build: 'build/build_minikube.sh',
    delivery: 'docker',
    volume: 'host:/mnt/data:/mnt/data',
  });
  expect((await shown(dir, '--context', 'eks')).values).toMatchObject({
    store: { value: 's3://bucket/data', from: 'kt-contexts.json contexts.eks' },
  });
});

test('kt config - mistakes are told all at once', async () => {
  const bad =
    "export default { contexts: { dev: { namespace: 'Not A Name', volum: 'pvc:a', defaults: { memory: 'lots' } }, b: { claim: { size: '1Gi' } } } };\n";
  const dir = await project({ 'kt.config.ts': bad });
  const { code, err } = await runKt(dir, ['config']);
  expect(code).toBe(2);
  expect(err).toMatch(/BAD_CONFIG.*contexts\.dev\.namespace.*name of a namespace/);
  expect(err).toMatch(/BAD_CONFIG.*volum/);
  expect(err).toMatch(/BAD_CONFIG.*memory.*quantity such as "512Mi"/);
  expect(err).toMatch(/BAD_CONFIG.*contexts\.b\.claim.*volume: 'pvc:NAME'/);
});

test('kt config - several contexts and none by default, no contexts at all and a file that throws are refused', async () => {
  const several = await project({ 'kt.config.ts': 'export default { contexts: { a: {}, b: {} } };\n' });
  expectMistake(await runKt(several, ['config']), /WHICH_CONTEXT.*--context a, --context b/);
  const broken = await project({ 'kt.config.ts': "throw new Error('no vault');\n" });
  expectMistake(await runKt(broken, ['config']), /CONFIG_FAILED.*no vault/);
  const none = await project({ 'kt.config.ts': 'export const a = 1;\n' });
  expectMistake(await runKt(none, ['config']), /BAD_CONFIG.*exports nothing by default/);
});
