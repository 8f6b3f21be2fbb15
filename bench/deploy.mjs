/**
 * A second `kt deploy` with one changed line, beside `kubectl apply --server-side` of the same objects: what
 * a user with rendered files would do.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '@kube-transform/runtime/internal';
import { findCluster } from '../test/e2e/find-cluster.mjs';
import { compare } from './compare.mjs';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

export async function benchDeploy() {
  if (!findCluster()) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  const kubeconfig = process.env.KT_E2E_KUBECONFIG;
  const dir = await mkdtemp(join(tmpdir(), 'kt-deploy-'));
  const namespace = `kt-bench-${systemClock.randomId(5)}`;
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    KT_NAMESPACE: namespace,
    KT_VOLUME: 'host:/tmp',
    KT_IMAGE: process.env.KT_E2E_IMAGE,
  };
  const kt = args =>
    execute(process.execPath, [join(root, 'packages/cli/bin/kt.js'), ...args], {
      cwd: dir,
      env,
      maxBuffer: 2 ** 26,
    });
  const kubectl = args => execute('kubectl', ['-n', namespace, ...args], { cwd: dir, env });
  try {
    await kubectl(['create', 'namespace', namespace]);
    await kt(['init', '.']);
    await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
    const source = await readFile(join(dir, 'pipelines/hello.ts'), 'utf8');
    let n = 0;
    const changed = () =>
      writeFile(join(dir, 'pipelines/hello.ts'), source.replace('words`', `words, ${++n}\``));
    const { stdout } = await kt(['render']);
    await writeFile(join(dir, 'objects.yaml'), stdout);
    const row = await compare({
      name: 'kt deploy with one changed line / kubectl apply of rendered files',
      runs: 10,
      ours: async () => {
        await changed();
        await kt(['deploy']);
      },
      bare: () => kubectl(['apply', '--server-side', '--force-conflicts', '-f', 'objects.yaml']),
    });
    return [{ ...row, goalMs: 1000 }];
  } finally {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  }
}
