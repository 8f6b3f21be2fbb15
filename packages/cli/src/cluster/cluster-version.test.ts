import { systemClock } from '@kube-transform/runtime/internal';
import { KubeApi } from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeServer } from '../../../../test/kit/kube-server.js';
import { checkClusterVersion } from './cluster-version.js';

let server: KubeServer;
beforeEach(async () => {
  server = await KubeServer.start();
});
afterEach(() => server.close());

const check = async (minor: string): Promise<void> => {
  server.on(/^GET \/version/, { status: 200, body: { major: '1', minor, gitVersion: `v1.${minor}` } });
  const api = new KubeApi(
    { name: 'c', server: server.url, namespace: 'ns', token: () => Promise.resolve(undefined) },
    { clock: systemClock },
  );
  await checkClusterVersion(api).finally(() => api.close());
};

test.each(['29', '34', '31+'])('Kubernetes 1.%s will do', async minor => {
  await check(minor);
});

test('an older Kubernetes is refused with its version and the one that is needed', async () => {
  await expect(check('28')).rejects.toMatchObject({
    code: 'CLUSTER_TOO_OLD',
    message: expect.stringMatching(/v1\.28.*1\.29/),
  });
});
