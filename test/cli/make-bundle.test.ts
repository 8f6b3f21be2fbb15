/** What a bundle is named by, how it comes into being, and what a worker loads of it. */
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Bundle, makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { project, SHAKY } from '../kit/kt.js';

const OTHER = `import { ktFunction } from '@kube-transform/sdk';
export const other = ktFunction(async () => 'only here');
`;
const bundleOf = (dir: string): Promise<Bundle> =>
  makeBundle({
    entries: ['pipelines/shaky.ts', 'pipelines/other.ts'].map(path => join(dir, path)),
    projectDir: dir,
  });

test('N1: makeBundle - the same sources have the same digest wherever they lie, and others another one', async () => {
  const files = { 'pipelines/shaky.ts': SHAKY, 'pipelines/other.ts': OTHER };
  const [here, there] = [await project(files), await project(files)];
  const [first, second] = await Promise.all([bundleOf(here), bundleOf(there)]);
  expect(first.dir).toBe(join(here, '.kt/bundles', first.digest));
  expect(second.digest).toBe(first.digest);
  for (const name of Object.keys(first.files))
    expect(await readFile(join(first.dir, name), 'utf8'), name).toBe(
      await readFile(join(second.dir, name), 'utf8'),
    );
  await writeFile(join(there, 'pipelines/other.ts'), OTHER.replace('only here', 'and there'));
  expect((await bundleOf(there)).digest).not.toBe(first.digest);
});

test('N2: makeBundle - a bundle appears whole, and one that is there is left alone', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, 'pipelines/other.ts': OTHER });
  const all = await Promise.all([bundleOf(dir), bundleOf(dir)]);
  const [{ digest, dir: folder, files }] = all;
  expect(await readdir(join(dir, '.kt/bundles'))).toEqual([digest]);
  expect(await readdir(folder)).toEqual(expect.arrayContaining([...Object.keys(files), 'functions.mjs']));
  const before = await stat(join(folder, 'functions.mjs'));
  await bundleOf(dir);
  expect((await stat(join(folder, 'functions.mjs'))).ino).toBe(before.ino);
  // Whoever broke off has left nothing that is taken for a bundle.
  await rm(folder, { recursive: true });
  await mkdir(join(dir, '.kt/bundles/.new-abc'));
  expect((await bundleOf(dir)).digest).toBe(digest);
});

test('N3: makeBundle - each module is a dynamic import of its own, which the entry does not load', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, 'pipelines/other.ts': OTHER });
  const { dir: folder, outputs } = await bundleOf(dir);
  const catalog = await readFile(join(folder, 'catalog.mjs'), 'utf8');
  expect(catalog.match(/import\("\.\/[\w.-]+\.mjs"\)/g)).toHaveLength(2);
  const [holder = ''] =
    Object.entries(outputs).find(([, { inputs }]) => 'pipelines/other.ts' in inputs) ?? [];
  expect(holder).toMatch(/\.mjs$/);
  const imports = Object.values(outputs).flatMap(output => output.imports);
  const kinds = imports.filter(({ path }) => path.endsWith(`/${holder}`)).map(({ kind }) => kind);
  expect(kinds).toEqual(['dynamic-import']);
});

test('N3: makeBundle - what a worker loads at its start is two files, without the builder or what drives runs', async () => {
  // A module with a pipeline needs the builder, and then it is in the file that they share.
  const dir = await project({ 'one.ts': OTHER, 'two.ts': OTHER });
  const { outputs } = await makeBundle({
    entries: ['one.ts', 'two.ts'].map(path => join(dir, path)),
    projectDir: dir,
  });
  const loaded = new Map<string, string[]>();
  const load = (name: string): void => {
    const output = outputs[name];
    if (output === undefined || loaded.has(name)) return;
    // Of what is only passed on nothing is left.
    const inputs = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 200);
    loaded.set(
      name,
      inputs.map(([input]) => input),
    );
    for (const { kind, path } of output.imports)
      if (kind === 'import-statement') load(path.split('/').at(-1) ?? '');
  };
  load('worker.mjs');
  // Node's streams take a tenth of a start: its own modules that load them are taken when they are needed.
  const builtins = [...loaded.keys()].flatMap(name => outputs[name]?.imports.map(({ path }) => path) ?? []);
  expect(builtins).toContain('node:fs/promises');
  expect(builtins.filter(path => /^node:(fs|net|stream|zlib|http|child_process)$/.test(path))).toEqual([]);
  // The import of a file of helpers, of which the worker takes none, is taken out when it is written.
  expect([...loaded.values()].filter(inputs => inputs.length > 0)).toHaveLength(2);
  const all = [...loaded.values()].flat();
  expect(all.some(input => input.endsWith('runtime/dist/worker/run-pod.js'))).toBe(true);
  expect(
    all.filter(input =>
      /builder\/pipeline|\/zod\/|engine\/drive|executors\/.*executor|api\/kube-api/.test(input),
    ),
  ).toEqual([]);
});

test('N3: makeBundle - a module that another takes its functions from is in the bundle, and loads', async () => {
  const pipe = `import { pipeline } from '@kube-transform/sdk';
    import { other } from './other.js';
    export default pipeline('p').job('o', other, () => ({}));`;
  const dir = await project({ 'pipe.ts': pipe, 'other.ts': OTHER });
  const entries = ['pipe.ts', 'other.ts'].map(path => join(dir, path));
  const { catalog, dir: folder } = await makeBundle({ entries, projectDir: dir });
  const text = await readFile(catalog, 'utf8');
  for (const [, name = ''] of text.matchAll(/import\("\.\/([\w.-]+)"\)/g))
    expect(await readdir(folder)).toContain(name);
  expect(await readFile(join(folder, 'functions.mjs'), 'utf8')).toContain('other.other');
});

test('makeBundle - takes no file from outside the project, also by a link; one of its own package it takes', async () => {
  const dir = await project({
    'secret.txt': 'of somebody',
    'app/package.json': '{"type":"module"}',
    'app/words.txt': 'mine',
    'lib/package.json': '{"name":"lib","type":"module"}',
    'lib/words.txt': 'of the library',
    'lib/index.ts': `export const words = new URL('./words.txt', import.meta.url);`,
  });
  const app = join(dir, 'app');
  await symlink(join(dir, 'secret.txt'), join(app, 'linked.txt'));
  const made = async (target: string): Promise<Bundle> => {
    const text = `import { words } from '../lib/index.js';\n${OTHER}export const file = [words, new URL('${target}', import.meta.url)];`;
    await writeFile(join(app, 'own.ts'), text);
    return makeBundle({ entries: [join(app, 'own.ts')], projectDir: app });
  };
  const { files } = await made('./words.txt');
  expect(Object.keys(files).filter(name => name.startsWith('asset-'))).toHaveLength(2);
  for (const target of ['../secret.txt', './linked.txt'])
    await expect(made(target)).rejects.toMatchObject({
      code: 'BUNDLE_FAILED',
      message: expect.stringMatching(
        /own\.ts:4:.*lies outside of the project .*copy it into the project/,
      ) as string,
    });
});
