/** An image with Debian's Python and a package of functions, as users of kube-transform have them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CLUSTER = fileURLToPath(new URL('../../../../shared/cluster/cluster', import.meta.url));
/** Python without its package manager, and the libraries that it needs: 5 MB to download, 28 unpacked. */
const PACKAGES = [
  ...['python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib'],
  ...['libexpat1', 'zlib1g'],
];

/**
 * The name of an image whose files below `/app` are given; null where there is nothing to build it with, or
 * Debian's packages cannot be had.
 * KT_E2E_PYTHON names one that is there.
 */
export async function pythonImage(files: Readonly<Record<string, string>>): Promise<string | null> {
  const given = process.env['KT_E2E_PYTHON'];
  if (given !== undefined) return given;
  if (!existsSync(CLUSTER) || process.platform !== 'linux') return null;
  const dir = await mkdtemp(join(tmpdir(), 'kt-e2e-python-'));
  try {
    const root = join(dir, 'root');
    const [debs, unpacked] = [join(dir, 'debs'), join(dir, 'unpacked')];
    await mkdir(debs);
    // As another user it would warn that it may not write there.
    const download = ['download', '-o', 'APT::Sandbox::User=root', ...PACKAGES];
    const isThere = await run('apt-get', download, { cwd: debs }).then(
      () => true,
      () => false,
    );
    if (!isThere) return null;
    for (const deb of await readdir(debs)) await run('dpkg-deb', ['-x', join(debs, deb), unpacked]);
    // The base image has /lib as a link, which a folder would replace.
    await cp(join(unpacked, 'usr'), join(root, 'usr'), { recursive: true, verbatimSymlinks: true });
    if (existsSync(join(unpacked, 'lib')))
      await cp(join(unpacked, 'lib'), join(root, 'usr/lib'), { recursive: true, verbatimSymlinks: true });
    await rm(join(root, 'usr/share'), { recursive: true, force: true });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, 'app', path)), { recursive: true });
      await writeFile(join(root, 'app', path), text);
    }
    const { stdout } = await run(CLUSTER, ['image', 'kt-e2e-python:1', root, '--config.workingdir', '/tmp']);
    return stdout.trim().split('\n').at(-1) ?? null;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
