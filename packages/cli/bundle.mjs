/**
 * What the compiler has left becomes what is published:
 *
 * - One file each of what is used of packages that are large or bring many others, so that whoever installs this
 *   package need not have them.
 * - The program `kt` in a few files (`dist/kt`), which starts in two thirds of the time that its hundreds of
 *   modules take.
 * - The controller of runs in a cluster (`dist/controller`), which is the same in each bundle.
 * - The licences of all that is in these files.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licences } from '../runtime/licences.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const LICENCES = 'dist/third-party-licenses.txt';

/** Modules that do nothing but pass on what is used of such a package. */
const MODULES = ['bundle/file-trace', 'cluster/kube-client', 'registry/tar-pack'];
/** What a server starts with, beside others that serve: without all that the rest of the program shares with it. */
const ALONE = 'serve/before-serving';
/** What these packages can do without: they try to load it, and go on. */
const OPTIONAL = ['bufferutil', 'encoding', 'supports-color', 'utf-8-validate'];
/** The compiler of functions has a program of its own; what is LGPL, or large and rarely needed, users install. */
const NOT_WITHIN = ['esbuild', '@zenfs/core', 'google-auth-library'];
/** What CommonJS finds around itself. */
const SURROUNDINGS = `
import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url), __filename = __fileURLToPath(import.meta.url), __dirname = __fileURLToPath(new URL('.', import.meta.url));`;

/** Stands for what is left out. */
const leftOut = {
  name: 'left-out',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: new RegExp(`^(${OPTIONAL.join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'left-out',
    }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw Object.assign(new Error('${path} is left out'), { code: 'MODULE_NOT_FOUND' });`,
    }));
    // A command that builds, fetches and publishes native code. Only where such code lies is asked, and nft has that itself.
    onResolve({ filter: /^@mapbox\/node-pre-gyp$/ }, ({ resolveDir }) => ({
      path: 'node-pre-gyp',
      namespace: 'native-code',
      pluginData: resolveDir,
    }));
    onLoad({ filter: /.*/, namespace: 'native-code' }, ({ pluginData: resolveDir }) => ({
      contents: "exports.find = (...args) => require('./utils/binary-locators').pregyp.find(...args);",
      resolveDir,
    }));
  },
};

/**
 * Of the Kubernetes client only what reads kubeconfigs: not its 700 classes for objects, with which it would read
 * YAML and make clients, nor a fetch that Node has itself. Two thirds of the file, and of the time to load it.
 */
const kubeconfigsOnly = {
  name: 'kubeconfigs-only',
  setup({ onLoad, onResolve, resolve }) {
    const of = (path, importer) => ({ path, namespace: 'kubeconfigs', pluginData: importer });
    onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === 'itself') return undefined;
      const { path: index } = await resolve(path, { resolveDir, kind, pluginData: 'itself' });
      return of('client', dirname(index));
    });
    onResolve({ filter: /\/gen\/index\.js$/ }, () => of('classes'));
    onResolve({ filter: /^node-fetch$/ }, () => of('fetch'));
    onLoad({ filter: /^client$/, namespace: 'kubeconfigs' }, ({ pluginData: resolveDir }) => ({
      contents: "export { KubeConfig } from './config.js'; export { load as loadYaml } from 'js-yaml';",
      resolveDir,
    }));
    onLoad({ filter: /^classes$/, namespace: 'kubeconfigs' }, () => ({
      contents:
        "const no = () => { throw new Error('left out'); }; export { no as createConfiguration, no as ServerConfiguration };",
    }));
    onLoad({ filter: /^fetch$/, namespace: 'kubeconfigs' }, () => ({
      // Node loads its own when it is first asked for.
      contents:
        'export function Headers(init) { return new globalThis.Headers(init); } export default (...args) => globalThis.fetch(...args);',
    }));
  },
};

/** What the runtime's build has made one file of comes from its packages, whose licences are then known. */
const itself = {
  name: 'itself',
  setup({ onResolve }) {
    onResolve({ filter: /\/aws-sdk\.js$/ }, () => ({
      path: join(here, '../runtime/src/stores/s3/aws-sdk.ts'),
    }));
  },
};

/** Of the job server, whom not everybody installs, its client is within: it is the table of routes. */
const serverAside = {
  name: 'server-aside',
  setup({ onResolve }) {
    onResolve({ filter: /^@kube-transform\/server(\/serve)?$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** The program loads the file that stands alone, and has nothing of it within. */
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`/${basename(ALONE)}\\.js$`) }, () => ({
      path: `./${basename(ALONE)}.mjs`,
      external: true,
    }));
  },
};

/** The files that are made of packages stay beside the program, which loads them when it needs them. */
const besides = {
  name: 'besides',
  setup({ onResolve }) {
    for (const name of MODULES)
      onResolve({ filter: new RegExp(`/${name.split('/').at(-1)}\\.js$`) }, () => ({
        path: `../${name}.js`,
        external: true,
      }));
  },
};

const missing = MODULES.filter(name => !existsSync(join(here, `dist/${name}.js`)));
if (missing.length > 0)
  throw new Error(`There is no dist/${missing[0]}.js: compile first, with npm run build.`);

const common = {
  absWorkingDir: here,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
  banner: { js: SURROUNDINGS.trim() },
};

const dependencies = await build({
  ...common,
  entryPoints: MODULES.map(name => `src/${name}.ts`),
  outbase: 'src',
  outdir: 'dist',
  minify: true,
  // Node warns of its own, which a package deep down asks for.
  alias: { punycode: 'punycode/punycode.js' },
  plugins: [leftOut, kubeconfigsOnly],
});

for (const [file, { imports }] of Object.entries(dependencies.metafile.outputs)) {
  refuseImports(file, imports, []);
  // That of the compiler is of the file that was there before.
  await rm(join(here, `${file}.map`), { force: true });
}

await rm(join(here, 'dist/kt'), { recursive: true, force: true });
const alone = await build({
  ...common,
  entryPoints: [`dist/${ALONE}.js`],
  outfile: `dist/kt/${basename(ALONE)}.mjs`,
  plugins: [besides, serverAside],
});
const program = await build({
  ...common,
  entryPoints: ['dist/main.js'],
  outdir: 'dist/kt',
  // Of what ends so Node need not look for the kind of module in packages around it.
  outExtension: { '.js': '.mjs' },
  splitting: true,
  external: NOT_WITHIN,
  plugins: [besides, itself, serverAside, apart],
});
const outputs = [alone, program].flatMap(({ metafile }) => Object.entries(metafile.outputs));
for (const [file, { imports }] of outputs)
  refuseImports(file, imports, [
    ...NOT_WITHIN,
    '@kube-transform/server',
    '@kube-transform/server/serve',
    `./${basename(ALONE)}.mjs`,
    ...MODULES.map(name => `../${name}.js`),
  ]);
// Of CommonJS that is imported when it is needed, only "default" is left when it is split off.
for (const [file, { imports }] of Object.entries(program.metafile.inputs))
  for (const { path, kind } of imports)
    if (kind === 'dynamic-import' && program.metafile.inputs[path]?.format === 'cjs')
      throw new Error(`${file} imports ${path} when it is needed: import a module of ours that imports it.`);

const { buildController, withoutIdleImports } = await import('./dist/bundle/build-bundle.js');
const controller = await buildController(here);
await rm(join(here, 'dist/controller'), { recursive: true, force: true });
await rm(join(here, 'dist/controller.mjs'), { force: true });
await mkdir(join(here, 'dist/controller'));
for (const { outputFiles } of controller)
  for (const file of outputFiles) await writeFile(file.path, withoutIdleImports(file));
await writeFile(join(here, LICENCES), await licences([dependencies, alone, program, ...controller], here));

function refuseImports(file, imports, allowed) {
  const left = imports.filter(
    ({ path, external }) =>
      external && !builtinModules.includes(path.replace(/^node:/, '')) && !allowed.includes(path),
  );
  if (left.length > 0) throw new Error(`${file} still imports ${left.map(({ path }) => path).join(', ')}.`);
}
