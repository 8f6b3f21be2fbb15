/** Runs whose store is a bucket of Google's: worker processes open it with the package of the project. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { configMaps } from '../../packages/cli/src/delivery/config-maps.js';
import { projectWithPackages, runKt, SHAKY } from '../kit/kt.js';
import { rejection } from '../kit/stores.js';
import { withDrivers } from '../../packages/cli/src/bundle/with-drivers.js';
import { makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { answering } from './answering.js';
import { hasServers, newPlace } from './servers.js';

const PACKAGE = 'google-auth-library';
let dir: string;
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Where the worker of the only bundle with a driver is. */
async function driverIn(project: string): Promise<string> {
  const folder = join(project, '.kt', 'bundles');
  const files = await Promise.all(
    (await readdir(folder)).map(async name =>
      (await readdir(join(folder, name))).map(file => join(folder, name, file)),
    ),
  );
  return readFile(files.flat().find(path => path.endsWith('store-gs.mjs')) ?? '', 'utf8');
}

test('a project without the package - is told what to install, and nothing is delivered', async () => {
  dir = await projectWithPackages({ 'shaky.ts': SHAKY });
  const bundle = await makeBundle({ entries: [join(dir, 'shaky.ts')], projectDir: dir });
  const settings = clusterSettings({ namespace: 'jobs', store: 'gs://bucket' });
  const error = await rejection(configMaps().deliver(bundle, settings));
  expect(error.code).toBe('PACKAGE_MISSING');
  expect(error.message).toMatch(/google-auth-library.*npm install google-auth-library/);
});

test('the package of the project - is the one in the bundle, which has a digest of its own', async () => {
  dir = await projectWithPackages({ 'shaky.ts': SHAKY });
  const own = join(dir, 'node_modules', PACKAGE);
  await mkdir(own);
  await writeFile(join(own, 'package.json'), `{"name":"${PACKAGE}","type":"module","main":"index.js"}`);
  await writeFile(join(own, 'index.js'), "export class GoogleAuth { mark = 'of the project' }");
  const plain = await makeBundle({ entries: [join(dir, 'shaky.ts')], projectDir: dir });
  expect(await withDrivers(plain, 'file:data')).toBe(plain);
  const bundle = await withDrivers(plain, 'GS://bucket');
  expect(Object.keys(bundle.files)).toContain('store-gs.mjs');
  expect(Object.keys(plain.files)).not.toContain('store-gs.mjs');
  expect(bundle.digest).not.toBe(plain.digest);
  expect(await driverIn(dir)).toContain('of the project');
  expect(await withDrivers(bundle, 'gs://bucket')).toBe(bundle);
});

test('the package, bundled - finds credentials', async () => {
  dir = await projectWithPackages({ 'shaky.ts': SHAKY, jwt: 'of-a-pod' });
  await symlink(join(import.meta.dirname, '../../node_modules', PACKAGE), join(dir, 'node_modules', PACKAGE));
  const plain = await makeBundle({ entries: [join(dir, 'shaky.ts')], projectDir: dir });
  const { dir: bundle } = await withDrivers(plain, 'gs://bucket');
  const seen: string[] = [];
  await using server = await answering((request, response) => {
    request.resume();
    seen.push(request.headers.authorization ?? '');
    const token = { access_token: 'of-a-user', expires_in: 3600, token_type: 'Bearer' };
    const object = { name: 'a', size: '1', updated: '2026-01-01T00:00:00Z', generation: '1' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.url === '/token' ? token : object));
  });
  const credentials = {
    ...{ type: 'external_account', audience: '//iam/x', token_url: `${server.url}/token` },
    ...{ subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
    credential_source: { file: join(dir, 'jwt') },
  };
  const program = `import { gsFileStore } from './store-gs.mjs';
    console.log(await gsFileStore('gs://bucket?endpoint=${server.url}').head('a'));`;
  await writeFile(join(bundle, 'try.mjs'), program);
  const { stdout } = await promisify(execFile)(process.execPath, [join(bundle, 'try.mjs')], {
    env: { ...process.env, GOOGLE_CREDENTIALS: JSON.stringify(credentials) },
  });
  expect(stdout).toContain("key: 'a'");
  expect(seen.at(-1)).toBe('Bearer of-a-user');
});

test.skipIf(!hasServers)('a run in worker processes - completes, and is read', async () => {
  dir = await projectWithPackages({ 'shaky.ts': SHAKY });
  await symlink(join(import.meta.dirname, '../../node_modules', PACKAGE), join(dir, 'node_modules', PACKAGE));
  const store = newPlace('gcs');
  const at = ['--store', store];
  const ran = await runKt(dir, ['run', 'shaky.ts', '--executor', 'processes', ...at]);
  expect(ran.err + ran.out).toContain('no answer from host-1');
  expect(ran.code).toBe(1);
  const { out } = await runKt(dir, ['runs', ...at]);
  const [run = ''] = /^shaky-\S+/m.exec(out) ?? [];
  expect((await runKt(dir, ['status', run, ...at])).out).toMatch(/work.*Failed|Failed.*work/);
});
