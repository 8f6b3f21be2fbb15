/** A project that one user has bundled, run by another, on a machine that is not the first one's. */
import { chmod, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { homeFolder } from '@kube-transform/runtime/internal';
import { BIN, kt, project, run } from '../kit/kt.js';

const ONE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const one = ktFunction(() => 1);
export default pipeline('one').job('one', one);
`;

test('a bundle - can be read by whom the umask lets', async () => {
  const dir = await project({ 'one.ts': ONE });
  const script = `umask 022; exec "$0" "$@"`;
  const bundle = ['-c', script, process.execPath, BIN, 'run', 'one.ts', '--store', 'file:s'];
  expect(await run('bash', bundle, { dir })).toMatchObject({ code: 0 });
  const { out } = await run('bash', ['-c', 'echo .kt/bundles/*'], { dir });
  for (const path of ['.kt', '.kt/bundles', out.trim()])
    expect([path, ((await stat(join(dir, path))).mode & 0o777).toString(8)]).toEqual([path, '755']);
});

test.skipIf(process.getuid?.() !== 0)(
  'another user, of whom the machine knows nothing - runs what is bundled, and is told what cannot be',
  async ({ skip }) => {
    const dir = await project({ 'one.ts': ONE, 'two.ts': ONE, 'work/x': '' });
    expect(await kt(dir, ['run', 'one.ts', '--store', 'file:s'])).toMatchObject({ code: 0 });
    await chmod(dir, 0o755);
    await chmod(join(dir, 'work'), 0o777);
    const other = ['--reuid=12345', '--regid=12345', '--clear-groups'];
    const { code } = await run('setpriv', [...other, 'test', '-r', BIN], { dir });
    skip(code !== 0, 'this repository lies where other users may not read');
    // This one may be in the home folder of its user.
    const node = join(dir, 'node');
    await copyFile(process.execPath, node);
    await chmod(node, 0o755);
    const asOther = (...args: string[]) =>
      run('setpriv', [...other, 'env', '-u', 'HOME', node, BIN, ...args], { dir });
    const ran = await asOther('run', 'one.ts', '--store', 'file:work/s', '--executor', 'processes');
    expect(ran).toMatchObject({ code: 0, err: '' });
    const refused = await asOther('run', 'two.ts', '--store', 'file:work/s');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/^error PROJECT_NOT_WRITABLE .*EACCES/);
    const cluster = await asOther('runs', '--namespace', 'x');
    expect(cluster.err).not.toMatch(/bug in kt/);
  },
);

test('the home folder - is HOME, else what the system knows', () => {
  expect(homeFolder({ HOME: '/home/a' })).toBe('/home/a');
  expect(homeFolder({ HOME: '' })).toMatch(/^\//);
});
