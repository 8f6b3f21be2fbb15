/** An image with `kt` and the job server, laid out as `npm install -g` does. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLUSTER = join(ROOT, '../shared/cluster/cluster');
const MODULES = 'usr/local/lib/node_modules/@kube-transform';
/** What of a package of ours is published, and its program needs. */
const PUBLISHED = ['package.json', 'bin', 'dist', 'templates'];

/** What no program reads. */
const UNUSED = /\.(?:map|d\.[cm]?ts|md)$|node_modules\/(?:@esbuild|zod\/src)(?:\/|$)/;

/**
 * The name of the image; null where there is nothing to build it with. KT_E2E_SERVER_IMAGE names one that is
 * there.
 */
export async function serverImage(): Promise<string | null> {
  const given = process.env['KT_E2E_SERVER_IMAGE'];
  if (given !== undefined) return given;
  if (!existsSync(CLUSTER) || process.platform !== 'linux') return null;
  const dir = await mkdtemp(join(tmpdir(), 'kt-e2e-server-'));
  try {
    const root = join(dir, 'root');
    for (const name of ['cli', 'server']) await install(name, join(root, MODULES, name));
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    await symlink('../lib/node_modules/@kube-transform/cli/bin/kt.js', join(root, 'usr/local/bin/kt'));
    // The base image has busybox below /bin alone.
    await mkdir(join(root, 'usr/bin'), { recursive: true });
    await symlink('/bin/busybox', join(root, 'usr/bin/env'));
    return await push('kt-e2e-server:1', root);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The image that the examples name, where the cluster's registry stands for others. */
export async function exampleImage(): Promise<void> {
  if (process.env['KT_E2E_SERVER_IMAGE'] !== undefined) return;
  const empty = await mkdtemp(join(tmpdir(), 'kt-e2e-empty-'));
  await push('library/busybox:1.36', empty).finally(() => rm(empty, { recursive: true }));
}

async function push(name: string, root: string): Promise<string> {
  const { stdout } = await run(CLUSTER, ['image', name, root]);
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** A package with all it needs below it, as a global one has it. */
async function install(name: string, top: string): Promise<void> {
  const args = ['--all', '--parseable', '--omit=dev', '--omit=peer', '--omit=optional'];
  const { stdout } = await run('npm', ['ls', ...args, '--workspace', `@kube-transform/${name}`], {
    cwd: ROOT,
  });
  const paths = stdout.split('\n').map(path => relative(ROOT, path));
  for (const path of paths.filter(one => one.includes('node_modules/'))) {
    const [, own] = /^node_modules\/@kube-transform\/(\w+)$/.exec(path) ?? [];
    if (own === undefined) {
      const target = path.replace(/^packages\/(\w+)\//, (_, of: string) =>
        of === name ? '' : `node_modules/@kube-transform/${of}/`,
      );
      await copy(join(ROOT, path), join(top, target));
      continue;
    }
    const target = own === name ? top : join(top, path);
    for (const part of PUBLISHED) {
      const from = join(ROOT, 'packages', own, part);
      if (existsSync(from)) await copy(from, join(target, part));
    }
  }
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, filter: path => !UNUSED.test(path) });
}
