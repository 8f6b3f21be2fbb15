import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const NEVER = ['**/node_modules/**', '**/dist/**', 'test/fixtures/**', 'test/e2e/**'];
const LEAVES_NOTHING = ['test/{documents,golden,parity,property}/**/*.test.ts'];

export default defineConfig({
  resolve: {
    alias: [
      {
        find: '@kube-transform/runtime/internal',
        replacement: source('packages/runtime/src/internal.ts'),
      },
      {
        find: '@kube-transform/runtime/kubernetes',
        replacement: source('packages/runtime/src/kubernetes/index.ts'),
      },
      {
        find: '@kube-transform/runtime/testing',
        replacement: source('packages/runtime/src/testing/index.ts'),
      },
      { find: '@kube-transform/cli/client', replacement: source('packages/cli/src/client.ts') },
      { find: '@kube-transform/server/client', replacement: source('packages/server/src/client.ts') },
      {
        find: /^@kube-transform\/(sdk|runtime|cli|formats|server)$/,
        replacement: source('packages/$1/src/index.ts'),
      },
      { find: '@kube-transform/sdk/reflect', replacement: source('packages/sdk/src/reflect.ts') },
    ],
  },
  oxc: { decorator: { legacy: true } },
  test: {
    typecheck: { enabled: false },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // What is built runs as it is for users.
    server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
    // A third of their time they wait, for processes and connections.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './test/slowest.mjs'],
    setupFiles: [source('test/leaks.ts')],
    exclude: NEVER,
    // Begun in the order of their names: what takes long comes first.
    projects: [
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...NEVER, ...LEAVES_NOTHING],
        },
      },
      // These leave nothing behind in their process, which the next file may have.
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts', ...LEAVES_NOTHING],
          isolate: false,
        },
      },
    ],
  },
});
