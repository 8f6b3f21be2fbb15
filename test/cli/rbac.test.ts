/** What `kt rbac` prints. */
import { parseAllDocuments } from 'yaml';
import { expect, onTestFinished, test, vi } from 'vitest';
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

test('kt rbac with KT_NAMESPACE - is for the namespace that kt submit would take', async () => {
  vi.stubEnv('KT_NAMESPACE', 'of-env');
  onTestFinished(() => void vi.unstubAllEnvs());
  const namespaces = async (...args: string[]): Promise<string[]> =>
    parseAllDocuments((await kt(root, ['rbac', ...args])).out).map(
      document => (document.toJS() as { metadata: { namespace: string } }).metadata.namespace,
    );
  expect(new Set(await namespaces())).toEqual(new Set(['of-env']));
  expect(new Set(await namespaces('-n', 'typed'))).toEqual(new Set(['typed']));
});
