/** `kt init --template starter` makes a project that works at once, with the output of the starter kit. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { expectMistake, makeProject, run, runKt } from '../../kit/kt.js';

let outside: string;
let dir: string;
beforeAll(async () => {
  outside = await makeProject({});
  dir = join(outside, 'shop');
  const made = await runKt(outside, ['init', 'shop', '--template', 'starter']);
  expect(made.err).toBe('');
  expect(made.out).toContain('npm install\n  npm test\n  npx kt run hello_world --store file:data');
  return () => rm(outside, { recursive: true, force: true });
});

const GOLDEN = {
  'part_1.txt': 'Hello World: A\nHello World: B',
  'part_2.txt': 'Hello World: C\nHello World: D',
};
async function expectGolden(): Promise<void> {
  const processed = join(dir, 'data/hello_world/processed');
  for (const [name, text] of Object.entries(GOLDEN))
    expect(await readFile(join(processed, name), 'utf8')).toBe(text);
  await rm(processed, { recursive: true });
}

describe('kt init --template starter', () => {
  test('its own tests, types and check pass', async () => {
    const [tested, typed, checked] = await Promise.all([
      run(process.execPath, ['../node_modules/vitest/vitest.mjs', 'run'], { dir }),
      run(process.execPath, ['../node_modules/typescript/bin/tsc', '--noEmit'], { dir }),
      runKt(dir, ['check']),
    ]);
    expect(tested.code, tested.out + tested.err).toBe(0);
    expect(typed).toEqual({ code: 0, out: '', err: '' });
    expect(checked.out).toContain('No problems in 1 file.');
  });

  test('hello world gives the output of the starter kit: typed, as a document, in processes', async () => {
    const { scripts, name } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    expect(name).toBe('shop');
    expect(scripts.start).toBe('kt run hello_world --store file:data');
    const ways = [
      ['hello_world'],
      ['hello_world', '--executor', 'processes'],
      ['hello_world.json', '--functions', 'pipelines/hello_world.ts'],
    ];
    for (const way of ways) {
      const { code, err } = await runKt(dir, ['run', ...way, '--store', 'file:data']);
      expect(code, err).toBe(0);
      await expectGolden();
    }
  });

  test('its raw data is what the starter kit has', async () => {
    const raw = join(dir, 'data/hello_world/raw');
    expect(await readFile(join(raw, 'part_1.txt'), 'utf8')).toBe('A\nB');
    expect(await readFile(join(raw, 'part_2.txt'), 'utf8')).toBe('C\nD');
  });

  test('another context is one word: local, kind, k3d and eks', async () => {
    const valuesOf = async (...args: string[]): Promise<Record<string, { value: unknown }>> =>
      JSON.parse((await runKt(dir, ['config', '--json', ...args])).out).values;
    const contexts = { local: 'minikube', kind: 'kind-kt', k3d: 'k3d-kt' };
    for (const [name, kubeContext] of Object.entries(contexts))
      expect(await valuesOf('--context', name)).toMatchObject({
        context: { value: kubeContext },
        volume: { value: 'host:/mnt/data' },
      });
    expect(await valuesOf()).toMatchObject({ context: { value: 'minikube' } });
    expect(await valuesOf('--context', 'eks')).toMatchObject({
      delivery: { value: 'registry' },
      store: { value: expect.stringMatching(/^s3:\/\/.*\?region=us-east-1$/) },
      kubeconfig: { value: join(dir, 'deploy/terraform/eks/kubeconfig') },
      repository: { value: expect.stringMatching(/\.dkr\.ecr\./) },
    });
    const kind = parse(await readFile(join(dir, 'deploy/local/kind.yaml'), 'utf8'));
    expect(kind).toMatchObject({
      kind: 'Cluster',
      name: 'kt',
      nodes: [{ extraMounts: [{ hostPath: './data', containerPath: '/mnt/data' }] }],
    });
  });

  test('git keeps the data of the example, and drops what runs and Terraform make', async () => {
    await run('git', ['init', '-q'], { dir });
    const ignored = [
      'data/hello_world/processed/part_1.txt',
      'data/kt-metadata/r/spec.json',
      'data/other.csv',
      'deploy/terraform/eks/terraform.tfstate',
      'deploy/terraform/eks/terraform.tfstate.backup',
      'deploy/terraform/eks/.terraform/providers/x',
      'deploy/terraform/eks/secret.tfvars',
      'deploy/terraform/eks/kubeconfig',
      'node_modules/x/index.js',
      '.kt/bundles/x',
    ];
    const kept = [
      'data/hello_world/raw/part_1.txt',
      'deploy/terraform/eks/main.tf',
      'deploy/terraform/eks/.terraform.lock.hcl',
    ];
    const { out } = await run('git', ['check-ignore', ...ignored, ...kept], { dir });
    expect(out.trim().split('\n')).toEqual(ignored);
  });

  test('the Dockerfile is the one of the delivery "docker"', async () => {
    expect(await readFile(join(dir, 'Dockerfile'), 'utf8')).toContain('FROM_KT');
    expect(await readFile(join(dir, '.dockerignore'), 'utf8')).toContain('!.kt/images');
  });

  test('files that are there are not written over, and other names are refused', async () => {
    expectMistake(await runKt(outside, ['init', 'shop', '--template', 'starter']), /FILE_EXISTS {2}shop\//);
    expectMistake(
      await runKt(outside, ['init', 'x', '--template', 'kit']),
      /Allowed choices are hello, starter/,
    );
  });
});
