// Runs the end-to-end tests: `npm run e2e [FILE…]`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findCluster } from './find-cluster.mjs';

if (!findCluster()) {
  console.error(
    'There is no cluster: set KT_E2E_KUBECONFIG, and KT_E2E_IMAGE to an image with Node (see CONTRIBUTING.md).',
  );
  process.exit(2);
}
const args = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'vitest.e2e.config.ts',
  ...process.argv.slice(2),
];
process.exit(
  spawnSync(process.execPath, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  }).status ?? 1,
);
