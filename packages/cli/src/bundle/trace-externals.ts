/**
 * Collects the files that pods need of packages outside a bundle: only those that are used, for the platform
 * of the pods. What is installed here is taken where this machine is of that platform; else the same versions
 * are fetched for it, without running their scripts.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KtError } from '@kube-transform/sdk';
import { nodeFileTrace } from './file-trace.js';
import type { OutsidePackage } from './external-packages.js';
import { messageOf } from '@kube-transform/runtime/internal';
import { newFolder, ownFolder } from '../project/own-folder.js';

/** What pods run on. */
export interface Platform {
  cpu: 'x64' | 'arm64';
  libc: 'glibc' | 'musl';
}

/** Files and symbolic links by path below the bundle. */
export interface OutsideFiles {
  files: Map<string, { body: Uint8Array; executable: boolean }>;
  links: Map<string, string>;
}

/**
 * The files of packages for a platform.
 *
 * @throws KtError `NATIVE_UNAVAILABLE` where a package has no code for the platform, and this machine is of
 * another.
 */
export async function traceOutside(
  packages: readonly OutsidePackage[],
  projectDir: string,
  platform: Platform,
): Promise<OutsideFiles> {
  const traced: OutsideFiles = { files: new Map(), links: new Map() };
  if (packages.length === 0) return traced;
  const root = isHere(platform) ? projectDir : await fetched(packages, projectDir, platform);
  const temp = await newFolder(await ownFolder(root), '.trace');
  const entry = join(temp, 'entry.mjs');
  await writeFile(entry, packages.map(({ name }) => `import ${JSON.stringify(name)};\n`).join(''));
  try {
    const { fileList } = await nodeFileTrace([entry], {
      base: '/',
      processCwd: root,
      conditions: ['node', 'import', 'require'],
    });
    for (const path of fileList) await takeFile(`/${path}`, traced);
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
  for (const found of packages) checkNative(found, traced, platform);
  return traced;
}

async function takeFile(path: string, { files, links }: OutsideFiles): Promise<void> {
  const at = path.indexOf('/node_modules/');
  if (at < 0) return;
  const name = path.slice(at + 1);
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) links.set(name, await readlink(path));
  else if (stat.isFile())
    files.set(name, { body: await readFile(path), executable: (stat.mode & 0o111) !== 0 });
}

function isHere({ cpu, libc }: Platform): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const own = report.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return process.platform === 'linux' && process.arch === cpu && own === libc;
}

/** Fetches packages for another platform; kept for the next time. */
async function fetched(
  packages: readonly OutsidePackage[],
  projectDir: string,
  { cpu, libc }: Platform,
): Promise<string> {
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const hash = createHash('sha256').update(JSON.stringify(dependencies)).digest('hex').slice(0, 12);
  const dir = join(projectDir, '.kt', 'native', `linux-${cpu}-${libc}`, hash);
  const done = join(dir, 'done');
  if (existsSync(done)) return dir;
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const args = [
    'install',
    '--os',
    'linux',
    '--cpu',
    cpu,
    '--libc',
    libc,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
  ];
  await promisify(execFile)('npm', args, { cwd: dir }).catch((error: unknown) => {
    const words =
      (error as { stderr?: string }).stderr?.trim().split('\n').slice(-3).join(' ') ?? messageOf(error);
    throw new KtError({
      code: 'NATIVE_UNAVAILABLE',
      path: Object.keys(dependencies).join(', '),
      message: `These packages cannot be fetched for linux/${cpu}: ${words}`,
    });
  });
  await writeFile(done, '');
  return dir;
}

/** A package with native code has to come with some. */
function checkNative(
  { name, reason, native }: OutsidePackage,
  { files }: OutsideFiles,
  { cpu, libc }: Platform,
): void {
  if (
    !native ||
    [...files.keys()].some(
      path => path.endsWith('.node') || /\.so(\.\d+)*$/.test(path) || path.includes('/bin/'),
    )
  )
    return;
  throw new KtError({
    code: 'NATIVE_UNAVAILABLE',
    path: name,
    message: `The package "${name}" ${reason}, and there is none for linux/${cpu} (${libc}) here.`,
    hint: 'Deploy from a machine of that platform where it is installed, or use the delivery "docker", which installs it in the image.',
  });
}
