/**
 * Makes one file each of what is used of packages that are large or bring many others, so that whoever installs
 * this package need not have them, and writes their licences beside them. What is published needs this step:
 * before it, the files import packages that are only development dependencies.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const LICENCES = 'dist/third-party-licenses.txt';

/** Modules that do nothing but pass on what is used of such a package. */
const MODULES = ['bundle/file-trace', 'cluster/kube-client', 'registry/tar-pack'];
/** What these packages can do without: they try to load it, and go on. */
const OPTIONAL = ['bufferutil', 'encoding', 'supports-color', 'utf-8-validate'];
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

const missing = MODULES.filter(name => !existsSync(join(here, `dist/${name}.js`)));
if (missing.length > 0)
  throw new Error(`There is no dist/${missing[0]}.js: compile first, with npm run build.`);

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: MODULES.map(name => `src/${name}.ts`),
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Node warns of its own, which a package deep down asks for.
  alias: { punycode: 'punycode/punycode.js' },
  plugins: [leftOut],
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
  banner: { js: SURROUNDINGS.trim() },
});

for (const [file, { imports }] of Object.entries(metafile.outputs)) {
  const left = imports.filter(({ path }) => !builtinModules.includes(path.replace(/^node:/, '')));
  if (left.length > 0) throw new Error(`${file} still imports ${left.map(({ path }) => path).join(', ')}.`);
  // That of the compiler is of the file that was there before.
  await rm(join(here, `${file}.map`), { force: true });
}
await writeFile(join(here, LICENCES), await licences());

/** The licences of all packages of which something is in the files. */
async function licences() {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter(path => inputs[path].bytesInOutput > 0),
  );
  const dirs = new Set(
    used.map(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean),
  );
  const texts = await Promise.all([...dirs].map(dir => licenceOf(join(here, dir))));
  return `What is in these files of other packages, and under which licence.\n\n${[...new Set(texts)].sort().join('\n')}`;
}

async function licenceOf(dir) {
  const { name, version, license, author } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} says no licence.`);
  const files = (await readdir(dir)).filter(file => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const by = typeof author === 'object' ? author.name : author;
  const texts = await Promise.all(files.map(file => readFile(join(dir, file), 'utf8')));
  if (texts.length === 0) texts.push(`Comes without the text of its licence. By ${by ?? 'its authors'}.`);
  return `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${texts.map(text => text.trim()).join('\n\n')}\n`;
}
