import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, memoryFileStore, runPipeline } from '@kube-transform/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { addRun } from '../../../test/kit/kube-runs.js';
import { KubeServer } from '../../../test/kit/kube-server.js';
import { HERE, openBackend, statusJson } from './client.js';

const NOTHING = { name: 'nothing', jobs: [] };

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-client-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('openBackend - a store that is open already, which stays open', async () => {
  let closed = 0;
  const memory = memoryFileStore();
  const store: FileStore = { ...memory, [Symbol.asyncDispose]: async () => void closed++ };
  await runPipeline(NOTHING, { store, runId: 'r' });
  {
    await using backend = await openBackend({ store });
    expect(backend.name).toBe(HERE);
    const run = await backend.find('latest');
    expect(statusJson(await backend.read(run))).toEqual({
      ...{ runId: 'r', pipeline: 'nothing', status: 'Completed', jobs: {} },
      failures: { groups: [], omitted: 0 },
    });
  }
  expect(closed).toBe(0);
});

test('openBackend - the URL of a store', async () => {
  const url = `file:${await folder()}`;
  await runPipeline(NOTHING, { store: url, runId: 'r' });
  await using backend = await openBackend({ store: url });
  expect(await backend.list()).toMatchObject([{ runId: 'r', where: 'here', status: 'Completed' }]);
  await expect(openBackend({ store: 'ftp:x' })).rejects.toThrow('unknown scheme "ftp:"');
});

test('openBackend - a namespace of a cluster', async () => {
  const server = await KubeServer.start();
  onTestFinished(() => server.close());
  addRun(server, { runId: 'there', status: 'Failed' });
  const kubeconfig = join(await folder(), 'config');
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', users: [{ name: 'me', user: { token: 't' } }] },
    clusters: [{ name: 'fake', cluster: { server: server.url } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'me' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  await using backend = await openBackend({ kubeconfig, context: 'fake', namespace: 'ns' });
  expect(await backend.find('the')).toMatchObject({ runId: 'there', where: 'fake/ns', verb: 'kt submit' });
  await expect(openBackend({ kubeconfig, context: 'other' })).rejects.toMatchObject({
    code: 'UNKNOWN_CONTEXT',
  });
});

test('openBackend - a store and a cluster at once', async () => {
  const both = openBackend({ store: 'mem:', namespace: 'ns' });
  await expect(both).rejects.toMatchObject({ code: 'BAD_OPTIONS', problems: [{ path: '--store' }] });
});
