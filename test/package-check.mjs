/**
 * Packs each package and checks what would be published: publint, are-the-types-wrong, that its licence, its
 * README and the sources of its maps are in it, and no test, and that it imports only what is installed with it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = name => join(root, 'node_modules/.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'kt-pack-'));
let failed = 0;

function step(name, command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (status !== 0) {
    failed++;
    console.log(`${stdout}\n${stderr}`);
  }
}

function report(name, wrong) {
  console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const line of wrong) console.log(`       ${line}`);
  if (wrong.length > 0) failed++;
}

/** What belongs into every package, and is not there. */
function missing(dir, files) {
  const wanted = ['LICENSE', 'README.md'];
  // What is part of the files has licences of its own.
  if (existsSync(join(dir, 'bundle.mjs'))) wanted.push('dist/third-party-licenses.txt');
  const lacking = wanted.filter(name => !files.has(name)).map(name => `${name} is missing`);
  if (lacking.length > 0) return lacking;
  const same = readFileSync(join(dir, 'LICENSE'), 'utf8') === readFileSync(join(root, 'LICENSE'), 'utf8');
  return same ? [] : ['LICENSE is not the one of the repository'];
}

/** Maps that lead nowhere: so do those of a source that is gone, whose output still lies in dist. */
function lostMaps(dir, files) {
  const lost = [];
  for (const path of files) {
    if (!path.endsWith('.map')) continue;
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(dir, path), 'utf8'));
    const gone = sources.filter(
      (source, i) => sourcesContent?.[i] == null && !files.has(posix.join(posix.dirname(path), source)),
    );
    if (gone.length > 0)
      lost.push(`${path} names ${gone.join(', ')}, which is not packed; rm -r dist and npm run build?`);
  }
  return lost;
}

/** What an import names is installed with the package. */
function isDeclared(path, { name, dependencies = {}, peerDependencies = {} }) {
  const owner = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
  return (
    isBuiltin(path) || [name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)].includes(owner)
  );
}

/** What the code imports, and nobody installs: so it is where the build stopped half-way. */
async function strangeImports(dir, files, manifest) {
  const { metafile, problem } = await build({
    absWorkingDir: dir,
    entryPoints: [...files].filter(path => path.startsWith('dist/') && path.endsWith('.js')),
    outdir: 'unwritten',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  }).catch(error => ({ problem: error.message }));
  if (problem !== undefined) return [problem];
  const imported = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ external }) => external).map(({ path }) => ({ file, path })),
  );
  return imported
    .filter(({ path }) => !isDeclared(path, manifest))
    .map(({ file, path }) => `${file} imports ${path}, which is no dependency; npm run build?`);
}

/** The same for the types that whoever imports the package sees. */
function strangeTypes(dir, manifest) {
  const found = [];
  const seen = new Set(Object.values(manifest.exports).map(({ types }) => posix.normalize(types)));
  for (const file of seen) {
    const text = readFileSync(join(dir, file), 'utf8').replaceAll(/^\s*\/?\*.*$/gm, '');
    for (const [, path] of text.matchAll(/(?:\bfrom|\bimport\(|^import) ?['"]([^'"]+)['"]/gm)) {
      if (path.startsWith('.')) seen.add(posix.join(posix.dirname(file), path.replace(/\.js$/, '.d.ts')));
      else if (!isDeclared(path, manifest)) found.push(`${file} names ${path}, which is no dependency`);
    }
  }
  return found;
}

for (const name of ['sdk', 'runtime', 'formats', 'server', 'cli']) {
  const dir = join(root, 'packages', name);
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const files = new Set(packed.files.map(({ path }) => path));
  console.log(`       ${name}: ${files.size} files, ${(packed.size / 1024).toFixed(0)} KiB packed`);
  const strays = [...files].filter(
    path => !path.startsWith('templates/') && /\.test\.|\.test-d\.|tsbuildinfo|tsconfig/.test(path),
  );
  report(`${name}: nothing is packed that only we need`, strays);
  report(`${name}: the licence and a README`, missing(dir, files));
  report(`${name}: maps lead to sources`, lostMaps(dir, files));
  report(`${name}: imports are dependencies`, await strangeImports(dir, files, manifest));
  report(`${name}: public types are of dependencies`, strangeTypes(dir, manifest));
  step(`${name}: publint`, bin('publint'), ['--strict', dir]);
  step(`${name}: are the types wrong`, bin('attw'), [join(folder, packed.filename), '--profile', 'esm-only']);
}
rmSync(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
