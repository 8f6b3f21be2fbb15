/** Drivers for stores that functions open beside the run's own: in bundles where kt.config.ts names them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeBundle } from '../../../packages/cli/src/bundle/make-bundle.js';
import { withDrivers } from '../../../packages/cli/src/bundle/with-drivers.js';
import { project, runKt, SHAKY } from '../../kit/kt.js';
import { rejection } from '../../kit/stores.js';
import { answering } from '../../objectstore/answering.js';

const READS = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import { ktFiles, openStore } from '@kube-transform/runtime';
const read = (files, url) => files.readText('a').catch(error => { throw new Error(url + ' ' + error.code) });
export const asked = ktFunction(async ({ url }: { url: string }, context) => read(await context.store(url), url));
export const opened = ktFunction(async ({ url }: { url: string }) => read(ktFiles(await openStore(url)), url));
const url = process.env.KT_TEST_URL ?? '';
export default pipeline('reads').job('asked', asked, () => ({ url })).job('opened', opened, () => ({ url }));
`;
const config = (...drivers: string[]): string =>
  `export default { contexts: {}, drivers: ${JSON.stringify(drivers)} };`;

test('a driver that nobody names - is not in the bundle, and who opens such a store is told what to name', async () => {
  const dir = await project({
    'reads.ts': READS.replace(/process\.env\.KT_TEST_URL/, "'az://account/data'"),
  });
  const { code, out, err } = await runKt(dir, ['run', 'reads.ts', '--executor', 'processes']);
  expect(code).toBe(1);
  const said = /Stores of az: cannot be opened here.*Name it in kt\.config\.ts.*drivers: \['az'\]/g;
  expect((out + err).match(said)?.length).toBeGreaterThanOrEqual(2);
});

test('a driver that kt.config.ts names - opens stores in worker processes, by both ways', async () => {
  await using server = await answering((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': '6', etag: '"e"', 'content-type': 'text/plain' });
    response.end(request.method === 'HEAD' ? undefined : 'of az!');
  });
  const url = `az://account/data?anonymous=true&endpoint=${server.url}`;
  const dir = await project({
    'reads.ts': READS.replace(/process\.env\.KT_TEST_URL/, JSON.stringify(url)),
    'kt.config.ts': config('az'),
  });
  const { code, out, err } = await runKt(dir, ['run', 'reads.ts', '--executor', 'processes']);
  expect(err + out).not.toContain('DRIVER_MISSING');
  expect(code, err + out).toBe(0);
});

test('drivers - are files of their own: workers load none of them, and a project without names has none', async () => {
  const dir = await project({ 'shaky.ts': SHAKY, 'kt.config.ts': config() });
  const plain = await makeBundle({ entries: [join(dir, 'shaky.ts')], projectDir: dir });
  expect(await withDrivers(plain, 'file:data')).toBe(plain);
  expect(Object.keys(plain.files).filter(name => name.startsWith('store-'))).toEqual([]);
  const more = await project({ 'shaky.ts': SHAKY, 'kt.config.ts': config('az', 's3', 'az') });
  const same = await makeBundle({ entries: [join(more, 'shaky.ts')], projectDir: more });
  expect(same.digest).toBe(plain.digest);
  const bundle = await withDrivers(same, 's3://bucket');
  const added = Object.keys(bundle.files).filter(name => !(name in plain.files));
  expect(added).toEqual(['store-az.mjs', 'store-s3.mjs']);
  expect(bundle.digest).not.toBe(plain.digest);
  for (const name of Object.keys(plain.files))
    expect(await readFile(join(bundle.dir, name)), name).toEqual(await readFile(join(plain.dir, name)));
  expect(await withDrivers(bundle, 'file:data')).toBe(bundle);
});

test('a name that is no driver, and a configuration that throws - are said before anything is delivered', async () => {
  for (const [text, code] of [
    [config('ftp'), 'BAD_CONFIG'],
    ["throw new Error('no');", 'CONFIG_FAILED'],
  ] as const) {
    const dir = await project({ 'shaky.ts': SHAKY, 'kt.config.ts': text });
    const bundle = await makeBundle({ entries: [join(dir, 'shaky.ts')], projectDir: dir });
    expect((await rejection(withDrivers(bundle, 'file:data'))).code).toBe(code);
  }
});
