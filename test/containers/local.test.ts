/**
 * Container steps on this machine, with podman and an image of nothing but busybox; skipped where one of both
 * is not there.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ContainerOptions, type ContainerSpec, type Pipeline, pipeline } from '@kube-transform/sdk';
import { readOutcomes, readResults } from '@kube-transform/runtime/internal';
import { localFileStore, runPipeline } from '@kube-transform/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const IMAGE = 'localhost/kt-busybox:1';
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(path => existsSync(path));
const hasPodman = (): boolean => {
  try {
    execFileSync('podman', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(busybox === undefined || !hasPodman())('containers of this machine', () => {
  let dir: string;
  const before = { ...process.env };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kt-containers-'));
    // What podman asks for by default is more than a container in a container may.
    const limits = 'default_ulimits=["nofile=1024:1024","nproc=1024:1024"]\nnetns="none"';
    // Of the two, runc is less particular about control groups.
    const runtime = ['/usr/sbin/runc', '/usr/bin/runc'].some(path => existsSync(path))
      ? 'runtime="runc"\n'
      : '';
    const engine = `[engine]\n${runtime}cgroup_manager="cgroupfs"`;
    await writeFile(join(dir, 'containers.conf'), `[containers]\n${limits}\n${engine}\n`);
    process.env['CONTAINERS_CONF'] = join(dir, 'containers.conf');
    process.env['KT_CONTAINER_TOOL'] = 'podman';
    const bin = join(dir, 'image', 'bin');
    await mkdir(bin, { recursive: true });
    await mkdir(join(dir, 'image', 'tmp'));
    await chmod(join(dir, 'image', 'tmp'), 0o1777);
    await copyFile(busybox ?? '', join(bin, 'busybox'));
    for (const name of ['sh', 'cat', 'echo', 'sleep', 'env', 'mkdir', 'sort', 'sed'])
      await symlink('busybox', join(bin, name));
    await run('tar', ['-C', join(dir, 'image'), '-cf', join(dir, 'image.tar'), '.']);
    await run('podman', ['import', join(dir, 'image.tar'), IMAGE]);
  }, 60_000);
  afterAll(async () => {
    for (const name of ['CONTAINERS_CONF', 'KT_CONTAINER_TOOL']) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
    await rm(dir, { recursive: true, force: true });
  });

  const stepOf = (
    name: string,
    script: string,
    {
      args = [],
      options = {},
      ...more
    }: Partial<ContainerSpec> & { args?: string[]; options?: ContainerOptions<never> } = {},
  ) =>
    pipeline('one').container(
      name,
      { image: IMAGE, command: ['sh', '-c', script, 'sh'], args, ...more },
      { memory: '64Mi', ...options },
    );
  const ended = async (of: Pipeline) => {
    const store = localFileStore(join(dir, 'da,ta'));
    const { runId, status } = await runPipeline(of, { store });
    const cause = (await readOutcomes(store, runId, 'it')).get(0)?.cause;
    return { status, cause, results: await readResults(store, runId, 'it') };
  };

  test('take files and texts, and give files and results', async () => {
    await mkdir(join(dir, 'da,ta'));
    await writeFile(join(dir, 'da,ta', 'raw.txt'), 'b\na\n');
    const sort = stepOf('it', 'sort "$DATA_DIR/$1" > "$DATA_DIR/sorted.txt" && cat "$DATA_DIR/sorted.txt"', {
      args: ['raw.txt'],
      outputs: ['sorted.txt'],
      result: 'text',
    });
    expect(await ended(sort)).toMatchObject({ status: 'Completed', results: ['b'] });
    expect(await readFile(join(dir, 'da,ta', 'sorted.txt'), 'utf8')).toBe('a\nb\n');
  });

  test('get texts and variables as they are, and leave a file as their result', async () => {
    const odd = `$(HOME) $HOME "q" \\ '…' --rm`;
    const tells = stepOf(
      'it',
      'printf \'["%s", "%s"]\' "$1" "$ODD" | sed \'s/\\\\/\\\\\\\\/g; s/"q"/\\\\"q\\\\"/g\' > /tmp/result.json',
      {
        args: [odd],
        env: { ODD: odd },
        result: { file: '/tmp/result.json' },
      },
    );
    expect(await ended(tells)).toMatchObject({ results: [[odd, odd]] });
  });

  test('that print a line without end have the beginning of it, and it is no result', async () => {
    await writeFile(join(dir, 'da,ta', 'endless.txt'), 'x'.repeat(3 * 2 ** 20));
    const cat = stepOf('it', 'cat "$DATA_DIR/endless.txt"', { result: 'text' });
    const { cause } = await ended(cat);
    expect(cause?.message).toContain('the last line that it printed has more than 262144 characters');
  });

  test('fail with their exit code and last words', async () => {
    const { status, cause } = await ended(stepOf('it', 'echo "no table"; exit 3'));
    expect(status).toBe('Failed');
    expect(cause?.message).toContain('The container ended with exit code 3. It said: no table');
  });

  test('that take longer than their time are ended', async () => {
    const { cause } = await ended(
      stepOf('it', 'trap "exit 0" TERM; sleep 600 & wait', { options: { timeout: '2s' } }),
    );
    expect(cause).toMatchObject({ kind: 'DeadlineExceeded' });
    expect((await run('podman', ['ps', '--quiet'])).stdout).toBe('');
  });

  test('whose image or program is not there say so', async () => {
    const { cause } = await ended(
      pipeline('none').container('it', { image: IMAGE, command: ['no-such-program'] }),
    );
    expect(cause).toMatchObject({
      kind: 'NotStarted',
      message: expect.stringContaining('no-such-program') as string,
    });
  });
});
