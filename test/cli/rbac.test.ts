/** What `kt rbac` prints. */
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { kt } from '../kit/kt.js';
import { root } from '../kit/sources.js';

test.each([
  [
    ['rbac', '-n', 'jobs'],
    ['ServiceAccount', 'Role', 'RoleBinding'],
  ],
  [['rbac', '--for', 'deployer'], ['Role']],
])('kt %j - prints objects that kubectl takes', async (args, kinds) => {
  const { out, code } = await kt(root, args);
  expect(code).toBe(0);
  const objects = parseAllDocuments(out).map(document => document.toJS() as { kind: string });
  expect([...new Set(objects.map(({ kind }) => kind))]).toEqual(kinds);
});
