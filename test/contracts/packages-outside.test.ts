/** The files of packages outside a bundle are hashed with it, and checked where they are mounted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packed } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { ownFiles } from '../../packages/cli/src/delivery/bundle-files.js';
import { type DeliveredFiles, sealed } from '../../packages/cli/src/delivery/seal-bundle.js';
import { verifyFiles } from '../../packages/runtime/src/entry/verify-files.js';
import { verifyBundle } from '../../packages/runtime/src/entry/verify-bundle.js';
import { project, projectWithPackages } from '../kit/kt.js';

const NATIVE = 'node_modules/native-thing';
const FILES = {
  'pipelines/p.ts': `import { ktFunction } from '@kube-transform/sdk';
import { thing } from 'native-thing';
export const work = ktFunction(async () => thing);
export const other = ktFunction(async () => 2);
`,
  'pipelines/q.ts': `import { ktFunction } from '@kube-transform/sdk';
export const more = ktFunction(async () => 3);
`,
  [`${NATIVE}/package.json`]:
    '{"name":"native-thing","version":"1.0.0","type":"module","main":"index.js","gypfile":true,"dependencies":{"dep-thing":"1"}}',
  [`${NATIVE}/index.js`]: 'export { thing } from "dep-thing";\n',
  [`${NATIVE}/build/thing.node`]: 'x64',
  [`${NATIVE}/build/Makefile`]: '/home/of/somebody',
  'node_modules/dep-thing/package.json': '{"name":"dep-thing","type":"module","main":"index.js"}',
  'node_modules/dep-thing/index.js': 'export const thing = 1;\n',
};
type Changes = Readonly<Record<string, string>>;

async function projectWith(changes: Changes = {}): Promise<string> {
  const dir = await projectWithPackages({ ...FILES, ...changes });
  dirs.push(dir);
  return dir;
}

async function write(dir: string, files: Changes): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

const bundleOf = (dir: string): ReturnType<typeof makeBundle> =>
  makeBundle({ entries: ['p', 'q'].map(name => join(dir, `pipelines/${name}.ts`)), projectDir: dir });

const dirs: string[] = [];
/** The bundle of the files as they are. */
let plain: Awaited<ReturnType<typeof makeBundle>>;
beforeAll(async () => {
  plain = await bundleOf(await projectWith());
});
afterAll(() => Promise.all(dirs.map(dir => rm(dir, { recursive: true }))));

/** As a delivery seals it. */
async function delivered(changes: Changes = {}, platform = 'linux/x64/glibc'): Promise<DeliveredFiles> {
  const outside = Object.entries({ ...FILES, ...changes })
    .filter(([path]) => path.startsWith('node_modules/') && !path.endsWith('Makefile'))
    .map(([path, text]) => [path, { body: Buffer.from(text), executable: false }] as const);
  const links = new Map([['node_modules/linked', 'native-thing']]);
  return sealed((await ownFiles(plain)).files, { files: new Map(outside), links }, platform);
}

/** As a layer of an image mounts it. */
async function mounted({ files, links }: DeliveredFiles): Promise<string> {
  const dir = join(await project(), 'bundle');
  for (const [name, { body }] of files) await write(dir, { [name]: Buffer.from(body).toString() });
  for (const [name, to] of links) await symlink(to, join(dir, name));
  return dir;
}

/** As ConfigMaps mount it. */
async function mountedPack({ files, links }: DeliveredFiles): Promise<string> {
  const dir = join(await project(), 'bundle');
  await mkdir(dir);
  const bodies = new Map([...files].map(([name, { body }]) => [name, body]));
  for (const [name, body] of packed(bodies, links)) await writeFile(join(dir, name), body);
  return dir;
}

const indexOf = (dir: string): Promise<{ digest: string; sums: Record<string, string> }> =>
  import(join(dir, 'functions.mjs')) as ReturnType<typeof indexOf>;

test('a bundle - the same packages outside it give the same digest wherever they lie', async () => {
  const there = await projectWith();
  // What a compiler leaves names folders of its machine.
  await write(there, { [`${NATIVE}/build/Makefile`]: '/home/of/another' });
  expect((await bundleOf(there)).digest).toBe(plain.digest);
});

test.each([
  ['a patched package', { [`${NATIVE}/index.js`]: 'export const thing = 2;\n' }],
  ['native code of another platform', { [`${NATIVE}/build/thing.node`]: 'arm' }],
  ['a patched package of a package', { 'node_modules/dep-thing/index.js': 'export const thing = 2;\n' }],
])('a bundle - %s outside it is another bundle, here and for pods', async (_, changes) => {
  expect((await bundleOf(await projectWith(changes))).digest).not.toBe(plain.digest);
  expect((await delivered(changes)).digest).not.toBe((await delivered()).digest);
});

test('a bundle - the platform of its pods is part of its digest, and that of this machine is not', async () => {
  const { digest } = await delivered();
  expect((await delivered()).digest).toBe(digest);
  expect((await delivered({}, 'linux/x64/musl')).digest).not.toBe(digest);
});

test('a bundle - any file or link of packages outside it that was changed is refused by all', async () => {
  const files = await delivered();
  const dir = await mounted(files);
  const { digest, sums } = await indexOf(dir);
  const pod = (): void => verifyFiles(dir, { digest, sums }, digest);
  const controller = (): void => verifyBundle(dir, digest);
  expect(digest).toBe(files.digest);
  expect([pod(), controller()]).toEqual([undefined, undefined]);
  const refused = /somebody changed it/;
  const outside = [...files.files].filter(([name]) => name.startsWith('node_modules/'));
  expect(outside.map(([name]) => name)).toContain(`${NATIVE}/build/thing.node`);
  for (const [name, { body }] of outside) {
    for (const spoil of [() => writeFile(join(dir, name), 'arm'), () => rm(join(dir, name))]) {
      await spoil();
      expect(pod, name).toThrow(refused);
      expect(controller, name).toThrow(refused);
      await writeFile(join(dir, name), body);
    }
  }
  const link = join(dir, 'node_modules/linked');
  await rm(link);
  await symlink('dep-thing', link);
  expect(pod).toThrow(refused);
  expect(controller).toThrow(refused);
  await rm(link);
  await symlink('native-thing', link);
  // One that nobody hashed could be found before another.
  await write(dir, { [`${NATIVE}/index.node`]: 'more' });
  expect(controller).toThrow(refused);
});

test.each([
  ['with more in it', (text: string) => `${text}globalThis.more = 1;\n`],
  ['with another sum', (text: string) => text.replace(/("worker.mjs": ")./, '$1x')],
  ['with another digest', (text: string) => text.replace(/digest = "./, 'digest = "x')],
])('a bundle - its index %s is not passed over', async (_, spoil) => {
  const copy = join(await project(), 'bundle');
  await cp(plain.dir, copy, { recursive: true });
  expect(() => verifyBundle(copy, plain.digest)).not.toThrow();
  const index = join(copy, 'functions.mjs');
  const text = await readFile(index, 'utf8');
  expect(spoil(text)).not.toBe(text);
  await writeFile(index, spoil(text));
  expect(() => verifyBundle(copy, plain.digest)).toThrow(/somebody changed it/);
});

test('a packed bundle - is checked by its controller, and by its pods when they have unpacked it', async () => {
  const files = await delivered();
  const dir = await mountedPack(files);
  expect(() => verifyBundle(dir, files.digest)).not.toThrow();
  for (const name of ['worker.mjs', 'controller.mjs', 'functions.mjs', 'bundle.gz']) {
    const body = await readFile(join(dir, name));
    await writeFile(
      join(dir, name),
      Buffer.concat([body, Buffer.from(' ')]).subarray(name === 'bundle.gz' ? 9 : 0),
    );
    expect(() => verifyBundle(dir, files.digest), name).toThrow(/somebody changed it/);
    await writeFile(join(dir, name), body);
  }
  // Somebody packs it again, with other native code.
  const forged = new Map(files.files).set(`${NATIVE}/build/thing.node`, { body: Buffer.from('arm') });
  const other = await mountedPack({ ...files, files: forged });
  expect(() => verifyBundle(other, files.digest)).toThrow(/somebody changed it/);
  expect(await endOfPod(other, files.digest)).toEqual([77, expect.stringContaining('somebody changed it')]);
});

/** How a pod of a bundle ends, and its last words. */
async function endOfPod(dir: string, digest: string): Promise<[number, string]> {
  const note = join(dir, '.note');
  await writeFile(note, '');
  const pod = {
    KT_RUN: 'r',
    KT_JOB: 'j',
    KT_WAVE: '1',
    KT_PODS: '0',
    JOB_COMPLETION_INDEX: '0',
    KT_DIGEST: digest,
  };
  const env = { ...process.env, ...pod, KT_STORE: `file:${dir}/store`, KT_TERMINATION: note, TMPDIR: dir };
  const child = spawn(process.execPath, [join(dir, 'worker.mjs')], { env, stdio: 'ignore' });
  onTestFinished(() => void child.kill());
  const [code] = (await once(child, 'exit')) as [number];
  return [code, await readFile(note, 'utf8')];
}
