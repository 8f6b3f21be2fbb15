/** What a whole server does before its first request. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, startServer, type JobServer } from '@kube-transform/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeServer } from '../kit/kube-server.js';
import { HELLO, JOBS } from './open-jobs.js';

let kube: KubeServer;
let dir: string;
let server: JobServer | undefined;
beforeEach(async () => {
  kube = await KubeServer.start();
  dir = await mkdtemp(join(tmpdir(), 'kt-server-'));
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify([{ name: 'hello', spec: HELLO }]));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await kube.close();
  await rm(dir, { recursive: true, force: true });
});

const start = async (): Promise<JobServer> => {
  const settings = readSettings({
    JOB_SIGNATURE: 'sig-1',
    JOB_NAMESPACE: 'jobs',
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
    JOB_SERVER_PORT: '0',
  });
  const connection = { name: 'fake', server: kube.url, namespace: 'jobs', token: async () => 'secret' };
  server = await startServer({ settings, connection });
  return server;
};
const post = async (url: string): Promise<Response> =>
  fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ job_definition_name: 'hello' }),
  });

test('a server that starts - makes no job, and has its connections when the first is asked for', async () => {
  const { url } = await start();
  expect(kube.askedFor(new RegExp(`^POST ${JOBS}`))).toEqual([]);
  expect(kube.connections).toBeGreaterThan(1);
  // A watch has a connection of its own.
  await kube.hasBeenAsked(/watch=true/);
  const before = kube.connections;
  expect((await post(url)).status).toBe(200);
  expect(kube.connections).toBe(before);
  expect(kube.askedFor(new RegExp(`^POST ${JOBS}`))).toHaveLength(1);
  expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('status="400"');
});

test('a cluster that is silent at first - does not keep a server from starting', async () => {
  kube.on(/./, 'freeze');
  const { url } = await start();
  kube.mend();
  expect((await post(url)).status).toBe(200);
});
