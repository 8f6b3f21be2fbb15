import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** End-to-end tests: two files at once, each with namespaces of its own on one cluster. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: ['test/e2e/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
