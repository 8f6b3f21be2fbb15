/** What the server answers beyond the cases of k8s-jobs. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApi, readSettings, readTokens } from '@kube-transform/server';
import { ROUTES } from '../../packages/server/src/http/routes.js';
import { DONE, job, JOBS, OpenJobs, PODS, putJobs } from './open-jobs.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const TOKENS = readTokens(
  JSON.stringify(
    ['read', 'submit', 'admin'].map(scope => ({
      name: scope,
      sha256: sha256(`${scope}-token`),
      scopes: [scope],
    })),
  ),
  'tokens',
);
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const POD = {
  metadata: { name: 'a-0', labels: { 'job-name': 'a' } },
  spec: { containers: [{ name: 'main' }] },
  status: { phase: 'Succeeded' },
};

let opened: OpenJobs;
beforeEach(async () => {
  opened = await OpenJobs.open();
});
afterEach(() => opened.close());

describe('the server', () => {
  test('a job - is made once for a key, shown, repeated and deleted', async () => {
    const body = { job_definition_name: 'hello' };
    const key = { 'idempotency-key': 'k-1' };
    const made = await opened.ask('POST', '/jobs', body, key);
    const again = await opened.ask('POST', '/jobs', body, key);
    expect(again.json).toEqual(made.json);
    const name = made.json.job_name!;
    expect((await opened.ask('POST', '/jobs', { ...body, more: 1 }, key)).status).toBe(409);
    expect((await opened.ask('GET', `/jobs/${name}`)).json).toMatchObject({
      job_name: name,
      job_definition_name: 'hello',
      state: 'Running',
      retry_of: null,
    });
    expect((await opened.ask('POST', `/jobs/${name}/retry`)).status).toBe(409);
    opened.kube.storage.patch(JOBS, name, { status: DONE });
    const { json } = await opened.ask('POST', `/jobs/${name}/retry`);
    expect((await opened.ask('GET', `/jobs/${json.job_name}`)).json).toMatchObject({ retry_of: name });
    expect((await opened.ask('DELETE', `/jobs/${name}`)).json).toEqual({ job_name: name });
    expect((await opened.ask('GET', `/jobs/${name}`)).status).toBe(404);
  });

  test('an array job - tells of each item', async () => {
    const { json } = await opened.ask('POST', '/jobs?array_size=5', { job_definition_name: 'hello' });
    const name = json.job_name!;
    opened.kube.storage.patch(JOBS, name, { status: { completedIndexes: '0,2', failedIndexes: '3' } });
    const annotations = { 'batch.kubernetes.io/job-completion-index': '4' };
    opened.kube.storage.create(PODS, {
      metadata: { name: 'p', labels: { 'job-name': name }, annotations },
      status: { phase: 'Running' },
    });
    const { json: items } = await opened.ask('GET', `/jobs/${name}/items?from=2`);
    expect(items).toEqual({
      items: 5,
      counts: { Pending: 1, Running: 1, Complete: 2, Failed: 1 },
      statuses: { 2: 'Complete', 3: 'Failed', 4: 'Running' },
    });
    putJobs(opened, [job('single')]);
    expect((await opened.ask('GET', '/jobs/single/items')).status).toBe(400);
  });

  test('logs - are followed to the end of the job, and taken up where they broke', async () => {
    putJobs(opened, [{ ...job('a', { status: DONE }), _pods: [POD] }]);
    const log = new RegExp(`^GET ${PODS}/a-0/log`);
    opened.kube.on(log, {
      stream: out => {
        out.send('2024-01-01T00:00:02.000000001Z two\n2024-01-01T00:00:03Z three\n');
        out.end();
      },
    });
    const broken = {
      stream: (out: { send: (text: string) => void; reset: () => void }): void =>
        void (
          out.send('2024-01-01T00:00:01Z one\n2024-01-01T00:00:02.000000001Z two\n'),
          setImmediate(() => out.reset())
        ),
    };
    opened.kube.on(log, broken, 1);
    const answer = await opened.app.request('/jobs/a/logs/follow');
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const read = answer.text();
    await opened.clock.waitedFor(1000);
    opened.clock.advance(1000);
    const events = (await read).split('\n\n').filter(event => event !== '');
    const lines = events
      .slice(0, -1)
      .map(event => (JSON.parse(event.split('data: ')[1]!) as { line: string }).line);
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(events.at(-1)).toBe('event: end\ndata: {"state":"Complete"}');
    expect((await opened.ask('GET', '/jobs/zzz/logs/follow')).status).toBe(404);
  });

  test('tokens - each may do what its scopes say, and nobody anything without one', async () => {
    await opened.close();
    opened = await OpenJobs.open({ app: { callerOf: TOKENS } });
    const body = { job_definition_name: 'hello' };
    const statusOf = async (method: string, path: string, token?: string): Promise<number> =>
      (
        await opened.ask(
          method,
          path,
          method === 'POST' ? body : undefined,
          token === undefined ? {} : bearer(token),
        )
      ).status;
    for (const wrong of [undefined, 'x', '', 'read-token2', sha256('admin-token')])
      expect(await statusOf('GET', '/jobs', wrong)).toBe(401);
    expect(await statusOf('GET', '/jobs', 'read-token')).toBe(200);
    expect(await statusOf('POST', '/jobs', 'read-token')).toBe(403);
    expect(await statusOf('POST', '/jobs', 'submit-token')).toBe(200);
    expect(await statusOf('GET', '/jobs', 'submit-token')).toBe(403);
    expect(await statusOf('DELETE', '/jobs/x', 'submit-token')).toBe(403);
    expect(await statusOf('DELETE', '/jobs/x', 'admin-token')).toBe(404);
    for (const path of ['/healthcheck', '/healthz', '/readyz', '/openapi.json'])
      expect(await statusOf('GET', path)).toBe(200);
    expect(await statusOf('GET', '/metrics')).toBe(401);
    expect(opened.created()).toHaveLength(1);
  });

  test('a caller who asks too often - is told when to come again, and others are not', async () => {
    await opened.close();
    opened = await OpenJobs.open({ app: { callerOf: TOKENS, perSec: 2 } });
    const ask = async (token: string): Promise<{ status: number; headers: Headers }> =>
      opened.ask('GET', '/jobs', undefined, bearer(token));
    for (let i = 0; i < 4; i++) expect((await ask('read-token')).status).toBe(200);
    const { status, headers } = await ask('read-token');
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect((await ask('admin-token')).status).toBe(200);
    opened.clock.advance(1000);
    expect((await ask('read-token')).status).toBe(200);
  });

  test('metrics - count by route, not by name', async () => {
    for (const name of ['a', 'b']) await opened.ask('GET', `/jobs/${name}/status`);
    await opened.ask('POST', '/jobs', { job_definition_name: 'hello' });
    const text = await (await opened.app.request('/metrics')).text();
    expect(text).toContain(
      'kt_server_requests_total{method="GET",route="/jobs/{name}/status",status="404"} 2',
    );
    expect(text).toContain('kt_server_jobs_created_total{definition="hello"} 1');
  });

  test('readiness - is lost with the cluster, and when the server ends', async () => {
    expect((await opened.ask('GET', '/readyz')).json).toEqual({ ready: true });
    opened.kube.on(/^GET/, { status: 500 }, 1);
    expect((await opened.ask('GET', '/readyz')).status).toBe(503);
    opened.ending.abort();
    expect((await opened.ask('GET', '/readyz')).status).toBe(503);
    expect((await opened.ask('GET', '/healthz')).status).toBe(200);
  });

  test.each([
    [
      403,
      'CLUSTER_FORBIDDEN',
      'jobs.batch is forbidden: User "x" cannot create resource "jobs" in API group "batch" in the namespace "jobs"',
      503,
    ],
    [422, 'CLUSTER_REFUSED', 'Job.batch "x" is invalid', 400],
    [429, 'CLUSTER_BUSY', 'slow down', 429],
    [500, 'CLUSTER_FAILED', 'oh', 503],
  ])('a cluster that answers %i - %s', async (code, name, message, status) => {
    opened.kube.on(/^POST/, { status: code, body: { kind: 'Status', code, reason: 'X', message } });
    const { status: got, json } = await opened.ask('POST', '/jobs', { job_definition_name: 'hello' });
    expect([got, json.code]).toEqual([status, name]);
  });

  test('OpenAPI - is 3.1, and names each route with its answer', () => {
    const document = openApi() as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: object }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/jobs/{name}/logs/follow');
    const ids = Object.values(document.paths).flatMap(path =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.stringify(document)).not.toContain('$schema');
  });

  test('the page to read - tells of each route, and runs nothing', async () => {
    const page = await opened.app.request('/docs');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    const text = await page.text();
    for (const [id, { method, path }] of Object.entries(ROUTES))
      expect(text).toContain(
        `<section id="${id}"><h2><code><span class="method">${method}</span>${path}</code></h2>`,
      );
    expect(text).toContain('job_definition_name: string');
    expect(text).not.toMatch(/<script|https?:/);
  });
});

describe('settings', () => {
  test('all that is missing or wrong - is told at once', () => {
    const wrong = (env: Record<string, string>): string => {
      try {
        readSettings(env);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const said = wrong({ JOB_RETENTION_PERIOD_SEC: '-1', JOB_SERVER_PORT: '99999' });
    for (const name of [
      'JOB_SIGNATURE',
      'JOB_NAMESPACE',
      'JOB_DEFINITIONS_CONFIG_PATH',
      'JOB_RETENTION_PERIOD_SEC',
      'JOB_SERVER_PORT',
    ])
      expect(said).toContain(name);
    const env = { JOB_SIGNATURE: 's', JOB_NAMESPACE: 'jobs', JOB_DEFINITIONS_CONFIG_PATH: '/d' };
    expect(readSettings({ ...env, IN_CLUSTER: '1', JOB_RETENTION_PERIOD_SEC: '60' })).toMatchObject({
      signature: 's',
      inCluster: true,
      retentionSec: 60,
      port: 5000,
    });
    expect(readSettings({ ...env, IN_CLUSTER: 'false' }).inCluster).toBe(false);
    expect(wrong({ ...env, JOB_NAMESPACE: '../kube-system', JOB_SIGNATURE: 'a,b' }).split('\n')).toHaveLength(
      2,
    );
  });
});
