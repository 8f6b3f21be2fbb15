/** `kt render --out` without a cluster: what is ours is kept as it should be, what is yours is left alone. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, runKt } from '../kit/kt.js';

const PIPELINE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const one = ktFunction(async () => 1);
export default pipeline('hello').job('one', one);
`;
const config = (...names: string[]): string =>
  `export default { contexts: { ${names.map(name => `${name}: { namespace: 'team-${name}', store: 'file:/mnt/data', volume: 'pvc:data' }`).join(', ')} } };\n`;

let dir: string;
beforeAll(async () => {
  dir = await makeProject({ 'pipelines/hello.ts': PIPELINE, 'kt.config.ts': config('dev', 'prod') });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('RF1: kt render - a context that is gone takes its base with it, and only that', async () => {
  const first = await runKt(dir, ['render', '--out', 'k8s']);
  expect(first.err).toBe('');
  expect(await readdir(join(dir, 'k8s/base'))).toEqual(['dev', 'prod']);
  expect((await runKt(dir, ['render', '--out', 'k8s', '--check'])).code).toBe(0);

  await writeFile(join(dir, 'kt.config.ts'), config('dev'));
  const drift = await runKt(dir, ['render', '--out', 'k8s', '--check']);
  expect(drift.out).toContain(`stale: ${join('k8s/base/prod/kustomization.yaml')}\n`);
  expect(drift.out).not.toContain('base/dev');
  expect(drift.code).toBe(1);
  // One context says nothing of the others.
  expect((await runKt(dir, ['render', '--out', 'k8s', '--check', '--context', 'dev'])).code).toBe(0);
  await runKt(dir, ['render', '--out', 'k8s', '--context', 'dev']);
  expect(existsSync(join(dir, 'k8s/base/prod'))).toBe(true);

  const overlay = join(dir, 'k8s/overlays/dev/kustomization.yaml');
  await writeFile(overlay, '# mine\n');
  await runKt(dir, ['render', '--out', 'k8s']);
  expect(await readFile(overlay, 'utf8')).toBe('# mine\n');
  expect(await readdir(join(dir, 'k8s/base'))).toEqual(['dev']);
  expect(await readdir(join(dir, 'k8s/overlays'))).toEqual(['dev', 'prod']);
  expect((await runKt(dir, ['render', '--out', 'k8s', '--check'])).code).toBe(0);
});

test('kt render - a file of ours that nobody renders is drift, wherever it lies', async () => {
  await runKt(dir, ['render', '--out', 'other']);
  await mkdir(join(dir, 'other/base/dev/more'));
  await writeFile(join(dir, 'other/base/dev/more/extra.yaml'), '');
  const drift = await runKt(dir, ['render', '--out', 'other', '--check']);
  expect(drift.out).toContain(`stale: ${join('other/base/dev/more/extra.yaml')}\n`);
  expect(drift.code).toBe(1);
});
