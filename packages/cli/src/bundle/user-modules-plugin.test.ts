import { expect, test } from 'vitest';
import { NO_PACKAGE } from './user-modules-plugin.js';

test.each([
  ['/p/pipelines/hello.ts', true],
  ['/hello.mjs', true],
  ['C:\\p\\hello.cts', true],
  ['/p/node_modules.ts', true],
  ['/p/node_module/a.js', true],
  ['/p/node_modules2/a.js', true],
  ['/p/my_node_modules/a.tsx', true],
  ['/p/node/modules/n/no/a.js', true],
  ['/p/ünïcode dir/new\nline/a.ts', true],
  ['/p/node_modules/zod/index.js', false],
  ['/node_modules/a.js', false],
  ['C:\\p\\node_modules\\zod\\index.js', false],
  ['/p/a/node_modules/.pnpm/zod@4/node_modules/zod/index.cjs', false],
  ['/p/a.json', false],
  ['/p/a.d', false],
])('NO_PACKAGE - %j is a module that lies in no package: %s', (path, expected) => {
  expect(NO_PACKAGE.test(path)).toBe(expected);
});
