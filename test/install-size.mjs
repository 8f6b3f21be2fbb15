/**
 * Packs the packages, installs them in an empty folder as a user would, says how much that is, and tries what
 * works only when nothing is missing. Exits 1 where it is too much or does not work. Needs npm and its registry.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MAX_PACKAGES = 60;
const MAX_MB = 45;
const MIB = 1024 * 1024;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kt-install-')));
const app = join(folder, 'app');
const modules = join(app, 'node_modules');
const project = join(app, 'words');
const env = { ...process.env };
// What kt would heed; and what an npx that runs this is told, which is not for one that runs in it.
for (const name of ['KT_STORE', 'DATA_DIR', 'KUBECONFIG', 'npm_config_package', 'npm_config_workspace'])
  delete env[name];
let failed = 0;

function say(ok, text, more = '') {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${text}`);
  if (ok) return;
  failed++;
  console.log(more);
}

function put(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What a folder takes on disk, in bytes: a file with two names is one file, as for du. */
function sizeOf(path, seen = new Set()) {
  const stat = lstatSync(path);
  const file = `${stat.dev}:${stat.ino}`;
  if (!stat.isDirectory() && stat.nlink > 1 && seen.has(file)) return 0;
  seen.add(file);
  const own = stat.blocks === undefined ? stat.size : stat.blocks * 512;
  if (!stat.isDirectory()) return own;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name), seen), own);
}

function pack(name) {
  const args = ['pack', '--json', '--pack-destination', folder];
  const cwd = join(root, 'packages', name);
  const [packed] = JSON.parse(
    execFileSync('npm', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  console.log(
    `       ${packed.filename}: ${(packed.size / 1024).toFixed(0)} KiB, ${(packed.unpackedSize / 1024).toFixed(0)} KiB unpacked`,
  );
  return join(folder, packed.filename);
}

/** Installs, and says how much that is. */
function install() {
  const archives = ['sdk', 'runtime', 'cli'].map(pack);
  put(join(app, 'package.json'), '{ "private": true, "type": "module" }');
  // Without a word from npm where it works.
  execFileSync('npm', ['install', '--loglevel', 'error', '--no-audit', '--no-fund', ...archives], {
    cwd: app,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
  const installed = Object.keys(packages);
  const mb = sizeOf(modules) / MIB;
  say(
    installed.length <= MAX_PACKAGES && mb <= MAX_MB,
    `${installed.length} packages (at most ${MAX_PACKAGES}), ${mb.toFixed(1)} MB (at most ${MAX_MB})`,
    'What is large and brings many others can be made a part of dist: packages/cli/bundle.mjs.',
  );
  const seen = new Set();
  const sizes = installed.map(path => [
    path.replace(/^node_modules\//, ''),
    sizeOf(join(app, path), seen) / MIB,
  ]);
  for (const [name, size] of sizes.sort(([, a], [, b]) => b - a).slice(0, 10))
    console.log(`${size.toFixed(1).padStart(9)} MB  ${name}`);
}

function kt(...args) {
  const bin = join(modules, '@kube-transform/cli/bin/kt.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: project,
    env,
    encoding: 'utf8',
  });
  return { status, all: stdout + stderr };
}

function triesCommands() {
  const { version } = JSON.parse(readFileSync(join(modules, '@kube-transform/cli/package.json'), 'utf8'));
  const said = spawnSync('npx', ['--no-install', 'kt', '--version'], { cwd: app, env, encoding: 'utf8' });
  say(said.stdout.trim() === version, `npx kt --version: ${said.stdout.trim()}`, said.stderr);
  mkdirSync(project);
  const init = kt('init', '.');
  const run = kt('run', 'hello');
  say(run.status === 0 && run.all.includes('"the": 4'), 'kt init, kt run hello', init.all + run.all);
  const graph = kt('graph', 'hello', '--format', 'svg');
  say(graph.status === 0 && graph.all.includes('<svg'), 'kt graph --format svg', graph.all);
}

/** The starter comes packed with all its files, those that begin with a dot, too. */
function triesStarter() {
  const init = kt('init', 'starter', '--template', 'starter');
  const run = kt('run', 'starter/pipelines/hello_world.ts', '--store', 'file:starter/data');
  const made = ['.gitignore', '.dockerignore', 'Dockerfile', 'kt.config.ts', 'deploy/terraform/eks/data.tf'];
  const missing = made.filter(name => !existsSync(join(project, 'starter', name)));
  const greeted = join(project, 'starter/data/hello_world/processed/part_2.txt');
  const output = existsSync(greeted) ? readFileSync(greeted, 'utf8') : '';
  say(
    run.status === 0 && missing.length === 0 && output === 'Hello World: C\nHello World: D',
    'kt init --template starter, kt run hello_world',
    `${init.all}${run.all}missing: ${missing.join(', ')}`,
  );
}

/** Native code is looked for by what was @vercel/nft. The package is a fake: its code is not loaded, only found. */
function triesTracing() {
  if (process.platform !== 'linux' || process.report.getReport().header.glibcVersionRuntime === undefined) {
    console.log('       a package with native code: left out, since this machine is not what pods are');
    return;
  }
  const native = join(project, 'node_modules/fake-native');
  put(
    join(native, 'package.json'),
    '{ "name": "fake-native", "version": "1.0.0", "main": "index.js", "gypfile": true }',
  );
  put(
    join(native, 'index.js'),
    "try { module.exports = require('./build/Release/fake.node'); } catch { module.exports = { n: 1 }; }",
  );
  put(join(native, 'build/Release/fake.node'), 'not really');
  put(
    join(project, 'pipelines/native.ts'),
    `import { ktFunction, pipeline } from '@kube-transform/sdk';
import fake from 'fake-native';
export const native = ktFunction(() => fake.n);
export default pipeline('native').job('native', native, () => ({}));
`,
  );
  const platform = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
  const args = ['render', 'native', '--namespace', 'jobs', '--volume', 'pvc:data', '--platform', platform];
  const found = kt(...args);
  say(
    found.status === 0 && found.all.includes('kind: ConfigMap'),
    'kt render: native code is found',
    found.all,
  );
  rmSync(join(native, 'build'), { recursive: true });
  rmSync(join(project, '.kt'), { recursive: true });
  const lacking = kt(...args);
  say(
    lacking.status === 2 && lacking.all.includes('NATIVE_UNAVAILABLE'),
    'kt render: and missed where there is none',
    lacking.all,
  );
}

/** A layer of an image is made by what was tar-stream. */
async function triesLayer() {
  const { makeLayer } = await import(
    pathToFileURL(join(modules, '@kube-transform/cli/dist/registry/layer.js')).href
  );
  const { bytes } = await makeLayer(new Map([['/a/b.txt', { body: Buffer.from('b') }]]));
  put(join(folder, 'layer.tar.gz'), bytes);
  const { stdout, stderr } = spawnSync('tar', ['-tzf', join(folder, 'layer.tar.gz')], { encoding: 'utf8' });
  say(stdout === 'a/\na/b.txt\n', 'a layer of an image', stdout + stderr);
}

/** Kubeconfigs are read by what was the Kubernetes client. */
async function triesCluster() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  const config = {
    'current-context': 'gone',
    clusters: [{ name: 'gone', cluster: { server: `https://127.0.0.1:${port}` } }],
    users: [{ name: 'me', user: { token: 'none' } }],
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'me', namespace: 'jobs' } }],
  };
  put(join(folder, 'kubeconfig'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  const { status, all } = kt('runs', '--kubeconfig', join(folder, 'kubeconfig'));
  say(
    status === 3 && all.includes('CLUSTER_UNREACHABLE'),
    'kt runs: the cluster cannot be reached',
    `exit ${status}: ${all}`,
  );
}

console.log(`       Node ${process.versions.node}`);
try {
  install();
  triesCommands();
  triesStarter();
  triesTracing();
  await triesLayer();
  await triesCluster();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);
