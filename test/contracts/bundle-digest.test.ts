/** The bundler and the pods name a bundle alike. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { digestOf } from '@kube-transform/runtime/internal';
import { clusterSettings, RUN_CONFIG, type RunConfig } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { verifyBundle } from '../../packages/runtime/src/entry/verify-bundle.js';
import { verifyFiles } from '../../packages/runtime/src/entry/verify-files.js';
import { callsBundle } from '../kit/executors.js';

/** A bundle that may be spoiled. */
async function copyOf(dir: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'kt-bundle-'));
  for (const name of await readdir(dir)) await copyFile(join(dir, name), join(copy, name));
  return copy;
}

/** How a process of a bundle ends, and its last words. */
async function endOf(file: string, env: Record<string, string>, note: string): Promise<[number, string]> {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env, KT_TERMINATION: note },
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [number];
  return [code, await readFile(note, 'utf8')];
}

test('a bundle - its name is the digest that its pods find in its folder', async () => {
  const { dir, digest } = await callsBundle();
  expect(basename(dir)).toBe(digest);
  expect(digestOf(readdirSync(dir), name => readFileSync(join(dir, name)))).toBe(digest);
  expect(() => verifyBundle(dir, digest)).not.toThrow();
});

test('a bundle - with one file changed its pods refuse it', async () => {
  const { dir, digest } = await callsBundle();
  const copy = await copyOf(dir);
  expect(() => verifyBundle(copy, digest)).not.toThrow();
  await writeFile(join(copy, 'worker.mjs'), '// changed\n');
  expect(() => verifyBundle(copy, digest)).toThrow(/somebody changed it/);
  await rm(copy, { recursive: true });
});

test.each([
  ['changed', (file: string) => writeFile(file, '// changed\n')],
  [
    'of the same size and other bytes',
    async (file: string) => {
      const bytes = await readFile(file);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      await writeFile(file, bytes);
    },
  ],
  ['gone', (file: string) => rm(file)],
])('a bundle - a pod refuses it with any one file that it may load %s', async (_, spoil) => {
  const { dir, digest } = await callsBundle();
  const copy = await copyOf(dir);
  const { sums } = (await import(pathToFileURL(join(dir, 'functions.mjs')).href)) as {
    sums: Record<string, string>;
  };
  expect(Object.keys(sums)).toEqual(
    (await readdir(dir)).filter(name => /^(?!functions|controller|catalog).*\.mjs$/.test(name)),
  );
  expect(() => verifyFiles(copy, { digest, sums }, digest)).not.toThrow();
  expect(() => verifyFiles(copy, { digest, sums }, 'another')).toThrow(/its run began with another/);
  for (const name of Object.keys(sums)) {
    await spoil(join(copy, name));
    expect(() => verifyFiles(copy, { digest, sums }, digest), name).toThrow(/somebody changed it/);
    await copyFile(join(dir, name), join(copy, name));
  }
  await rm(copy, { recursive: true });
});

test('a bundle - with one file changed its controller refuses it too, for good', async () => {
  const { dir, digest } = await callsBundle();
  const copy = await copyOf(dir);
  const settings = clusterSettings({ namespace: 'ns', store: 'file:/nowhere' });
  const config: RunConfig = {
    ...{ runId: 'r', pipeline: 'p', kind: 'new', from: null, digest, bundleParts: 1, settings },
    ...{ createdAtMs: 0, source: null },
  };
  const runDir = await mkdtemp(join(tmpdir(), 'kt-run-'));
  await writeFile(join(runDir, 'run.json'), RUN_CONFIG.text(config));
  const note = join(runDir, 'note');
  const ended = (): Promise<[number, string]> =>
    endOf(join(copy, 'controller.mjs'), { KT_RUN_DIR: runDir, KUBERNETES_SERVICE_HOST: '' }, note);
  // Outside of a cluster it comes no further than this, and may be begun again.
  expect(await ended()).toEqual([75, expect.not.stringContaining('somebody changed it')]);
  await writeFile(join(copy, 'worker.mjs'), '// changed\n');
  expect(await ended()).toEqual([78, expect.stringContaining('somebody changed it')]);
  for (const made of [copy, runDir]) await rm(made, { recursive: true });
});

test('a bundle - with one file changed its pods say that no other pod can help', async () => {
  const { dir, digest } = await callsBundle();
  const copy = await copyOf(dir);
  const note = join(copy, '.note');
  await writeFile(note, '');
  const pod = {
    KT_RUN: 'r',
    KT_JOB: 'j',
    KT_WAVE: '1',
    KT_PODS: '0',
    JOB_COMPLETION_INDEX: '0',
    KT_DIGEST: digest,
  };
  const ended = (): Promise<[number, string]> =>
    endOf(join(copy, 'worker.mjs'), { ...pod, KT_STORE: `file:${copy}/store` }, note);
  // There is no such run: somebody else may still write it.
  expect(await ended()).toEqual([75, expect.not.stringContaining('somebody changed it')]);
  const [changed = ''] = (await readdir(copy)).filter(name => /^posix-view.*\.mjs$/.test(name));
  await writeFile(join(copy, changed), '// changed\n');
  expect(await ended()).toEqual([77, expect.stringContaining('somebody changed it')]);
  await rm(copy, { recursive: true });
});
