/** `kt files` on a volume that only pods can open. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FILES_RULES, RUN_RULES } from '../../../packages/cli/src/checks/rights.js';
import { BIN, type Ended, kt } from '../../kit/kt.js';
import { claimOn } from '../kit/claim.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { userWith } from '../kit/user.js';

const MIB = 2 ** 20;
let cluster: TestCluster;
let claim: AsyncDisposable;
let dir: string;
beforeAll(async () => {
  vi.stubEnv('KT_IMAGE', E2E.image);
  vi.stubEnv('KT_IMAGE_PULL_POLICY', 'IfNotPresent');
  cluster = await testCluster('files');
  claim = await claimOn(cluster);
  dir = await mkdtemp(join(tmpdir(), 'kt-e2e-files-'));
});
afterAll(async () => {
  await claim[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const whereOf = (kubeconfig = E2E.kubeconfig): string[] => [
  ...['-n', cluster.namespace, '--kubeconfig', kubeconfig, '--volume', 'pvc:data'],
];
const files = (...args: string[]): Promise<Ended> => kt(dir, ['files', ...args, ...whereOf()]);
const ofFiles = { labelSelector: 'app.kubernetes.io/component=files' };
/** Whether nothing of the command is left. */
const nothingIsLeft = async (): Promise<boolean> => {
  const lists = [paths.jobs, paths.pods].map(path => cluster.api.list<KubeObject>(path(cluster.namespace)));
  return (await Promise.all(lists)).flatMap(({ items }) => items).length === 0;
};

test('files go there and back, whole, and nothing of the pod stays', async () => {
  const big = randomBytes(40 * MIB + 7);
  await writeFile(join(dir, 'big.bin'), big);
  await mkdir(join(dir, 'many'));
  await writeFile(join(dir, 'many/odd %2e%2e\nname'), 'odd');
  for (let n = 0; n < 50; n++) await writeFile(join(dir, `many/${n}`), `${n}`);
  expect((await files('put', 'many', '.')).out).toBe('Put 51 files, 93 B.\n');
  const put = await files('put', 'big.bin', 'in/');
  expect(put).toMatchObject({ code: 0, out: 'Put 1 file, 41.9 MB.\n' });
  expect(big.equals(await readFile(join(cluster.dir, 'in/big.bin')))).toBe(true);
  const got = await files('get', 'in', 'many', 'down');
  expect(got).toMatchObject({ code: 0, out: 'Got 52 files, 41.9 MB.\n' });
  expect(big.equals(await readFile(join(dir, 'down/in/big.bin')))).toBe(true);
  expect(await readdir(join(dir, 'down/many'))).toHaveLength(51);
  const again = await files('get', 'in', 'down');
  expect(again.out).toBe('Got 0 files, 0 B, 1 there already.\n');
  expect((await files('du')).out).toMatch(/ 41\.9 MB +1 file {2}in\/\n.* 51 files {2}many\/\n/);
  expect((await files('cat', 'many/7', 'many/8')).out).toBe('78');
  expect((await files('cp', 'many/7', 'in/')).code).toBe(0);
  expect((await files('rm', '-r', 'many')).out).toBe('Deleted 51 files, 93 B.\n');
  expect((await files('ls', 'in')).out).toBe('7\nbig.bin\n');
  await vi.waitUntil(nothingIsLeft, { timeout: 60_000, interval: 500 });
});

test('what is not there, and where runs are kept - are refused as on any store', async () => {
  const missing = await files('cat', 'nothing');
  expect(missing).toMatchObject({ code: 2, out: '' });
  expect(missing.err).toMatch(/^error NOT_FOUND {2}nothing: There is no such file/m);
  await mkdir(join(cluster.dir, 'kt-metadata'));
  await writeFile(join(cluster.dir, 'kt-metadata/spec.json'), '{}');
  expect((await files('rm', '-r', 'kt-metadata')).err).toContain('`kt gc` deletes runs');
  expect((await files('ls')).out).not.toContain('kt-metadata');
  expect((await files('ls', '--all')).out).toContain('kt-metadata/');
});

test('Ctrl-C leaves no half file and no pod; the same command goes on where it was', async () => {
  const large = randomBytes(200 * MIB);
  await writeFile(join(cluster.dir, 'large'), large);
  const child = spawn(process.execPath, [BIN, 'files', 'get', 'large', 'cut', ...whereOf()], { cwd: dir });
  const ended = new Promise(resolve => child.once('exit', resolve));
  const part = async (): Promise<boolean> =>
    (await readdir(join(dir, 'cut')).catch(() => [])).some(name => /^\.kt-part-\w+-\w+$/.test(name));
  await vi.waitUntil(part, { timeout: 60_000, interval: 20 });
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await readdir(join(dir, 'cut'))).not.toContain('large');
  expect((await files('get', 'large', 'cut')).code).toBe(0);
  expect(large.equals(await readFile(join(dir, 'cut/large')))).toBe(true);
  expect(await readdir(join(dir, 'cut'))).toEqual(['large']);
});

test('a client that is killed - leaves nothing: its pod ends by itself, and what it put is not there', async () => {
  await writeFile(join(dir, 'endless'), '');
  execFileSync('truncate', ['-s', '20G', join(dir, 'endless')]);
  const child = spawn(process.execPath, [BIN, 'files', 'put', 'endless', 'killed', ...whereOf()], {
    cwd: dir,
  });
  const isPutting = async (): Promise<boolean> =>
    (await readdir(join(cluster.dir, '.kt-tmp')).catch(() => [])).length > 0;
  await vi.waitUntil(isPutting, { timeout: 60_000, interval: 50 });
  child.kill('SIGKILL');
  await vi.waitUntil(async () => !(await isPutting()), { timeout: 60_000, interval: 500 });
  expect(await cluster.store.head('killed')).toBeNull();
  const hasEnded = async (): Promise<boolean> => {
    const { items } = await cluster.api.list<KubeObject>(paths.pods(cluster.namespace), ofFiles);
    return items.every(pod => (pod as { status?: { phase?: string } }).status?.phase === 'Succeeded');
  };
  await vi.waitUntil(hasEnded, { timeout: 120_000, interval: 1000 });
}, 200_000);

test('who may not begin processes in pods - is told which rights are missing; with them all goes', async () => {
  const few = await userWith(cluster, 'ann', RUN_RULES);
  const refused = await kt(dir, ['files', 'ls', ...whereOf(few)]);
  expect(refused.err).toMatch(/pods\/exec.*kt rbac --for deployer/s);
  expect(refused.code).not.toBe(0);
  const all = await userWith(cluster, 'bob', [...RUN_RULES, ...FILES_RULES]);
  expect(await kt(dir, ['files', 'ls', ...whereOf(all)])).toMatchObject({ code: 0, err: '' });
});
