// The cluster for tests and benches: the one of KT_E2E_KUBECONFIG, or the one in ../shared/cluster where that
// is there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const local = fileURLToPath(new URL('../../../shared/cluster/cluster', import.meta.url));

/**
 * Sets KT_E2E_KUBECONFIG and KT_E2E_IMAGE, and puts the cluster's own kubectl on the PATH; false where there
 * is no cluster.
 */
export function findCluster(env = process.env) {
  if (!env.KT_E2E_KUBECONFIG && existsSync(local)) {
    const up = spawnSync(local, ['up'], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (up.status !== 0) throw new Error(`the test cluster did not come up (exit code ${up.status})`);
    for (const line of execFileSync(local, ['env'], { encoding: 'utf8' }).split('\n')) {
      const [, name, value] = /^export (\w+)=['"]?([^'"]*)['"]?(?::"\$PATH")?$/.exec(line) ?? [];
      if (name === 'PATH') env.PATH = `${value}:${env.PATH ?? ''}`;
      if (name === 'KUBECONFIG') env.KT_E2E_KUBECONFIG = value;
      if (name === 'KT_NODE_IMAGE') env.KT_E2E_IMAGE ??= value;
      if (name === 'KT_BUSYBOX_IMAGE') env.KT_E2E_BUSYBOX ??= value;
    }
  }
  env.KT_E2E_IMAGE ??= 'docker.io/library/node:24-slim';
  env.KT_E2E_BUSYBOX ??= 'docker.io/library/busybox:1.37';
  return env.KT_E2E_KUBECONFIG !== undefined && env.KT_E2E_KUBECONFIG !== '';
}
