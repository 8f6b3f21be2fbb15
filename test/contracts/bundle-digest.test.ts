/** The bundler and the pods name a bundle alike. */
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tmpdir } from 'node:os';
import { digestOf } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import { verifyBundle } from '../../packages/runtime/src/entry/verify-bundle.js';
import { callsBundle } from '../kit/executors.js';

test('a bundle - its name is the digest that its pods find in its folder', async () => {
  const { dir, digest } = await callsBundle();
  expect(basename(dir)).toBe(digest);
  expect(digestOf(readdirSync(dir), name => readFileSync(join(dir, name)))).toBe(digest);
  expect(() => verifyBundle(dir, digest)).not.toThrow();
});

test('a bundle - with one file changed its pods refuse it', async () => {
  const { dir, digest } = await callsBundle();
  const copy = await mkdtemp(join(tmpdir(), 'kt-bundle-'));
  for (const name of await readdir(dir)) await copyFile(join(dir, name), join(copy, name));
  expect(() => verifyBundle(copy, digest)).not.toThrow();
  await writeFile(join(copy, 'worker.mjs'), '// changed\n');
  expect(() => verifyBundle(copy, digest)).toThrow(/somebody changed it/);
  await rm(copy, { recursive: true });
});
