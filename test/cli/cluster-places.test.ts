/**
 * Where runs are looked for: here, in a cluster, or in both; and what is done there. On a scripted API
 * server.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { paths } from '@kube-transform/runtime/kubernetes';
import { expectMistake, kt, runKt } from '../kit/kt.js';
import { addBundle, addJob, addRun, hasRun, submittedTo } from '../kit/kube-runs.js';
import { KubeServer } from '../kit/kube-server.js';

let server: KubeServer;
let dir: string;

beforeEach(async () => {
  server = await KubeServer.start();
  dir = await submittedTo(server);
});
afterEach(() => server.close());

const DAY_MS = 86_400_000;

test('a run is looked for here first, and then in the cluster of the last submit', async () => {
  addRun(server, { runId: 'there-1', status: 'Completed', createdAtMs: Date.now() - DAY_MS });
  await runKt(dir, ['run', 'shaky', '--run-id', 'here-1']);
  const [here, there, latest, runs, onlyHere, onlyThere] = await Promise.all([
    runKt(dir, ['status', 'here', '--json']),
    runKt(dir, ['status', 'there', '--json']),
    runKt(dir, ['status', 'latest', '--json']),
    runKt(dir, ['runs']),
    runKt(dir, ['runs', '--store', 'file:.', '--json']),
    runKt(dir, ['runs', '-n', 'ns', '--json']),
  ]);
  expect(JSON.parse(here.out)).toMatchObject({ runId: 'here-1', status: 'Completed' });
  expect(JSON.parse(there.out)).toMatchObject({ runId: 'there-1', pipeline: 'p', status: 'Completed' });
  expect(JSON.parse(latest.out)).toMatchObject({ runId: 'here-1' });
  expect(runs.out).toMatch(/^RUN .* WHERE\nhere-1 .* here\nthere-1 .* fake\/ns\n$/);
  expect((JSON.parse(onlyHere.out) as { runId: string }[]).map(({ runId }) => runId)).toEqual(['here-1']);
  expect((JSON.parse(onlyThere.out) as { runId: string }[]).map(({ runId }) => runId)).toEqual(['there-1']);
  addRun(server, { runId: 'there-2', status: 'Failed', createdAtMs: Date.now() + DAY_MS });
  expect(JSON.parse((await runKt(dir, ['status', 'latest', '--json'])).out)).toMatchObject({
    runId: 'there-2',
  });
  const [both, ambiguous, unknown] = await Promise.all([
    runKt(dir, ['status', 'there-1', '--store', 'file:.', '-n', 'ns']),
    runKt(dir, ['status', 'the']),
    runKt(dir, ['status', 'where-1', '-n', 'ns']),
  ]);
  expectMistake(both, /BAD_OPTIONS {2}--store: --store means a run here, and --namespace one in a cluster\./);
  expectMistake(ambiguous, /AMBIGUOUS_RUN.*"the" is the beginning of 2 runs/);
  expectMistake(
    unknown,
    /UNKNOWN_RUN.*There is no run "where-1" in namespace "ns" of fake\. Did you mean "there-1"/,
  );
});

test('a cluster that does not answer is not waited for where it was not asked for', async () => {
  await runKt(dir, ['run', 'shaky', '--run-id', 'here-1']);
  server.on(/./, 'freeze');
  const [status, latest, runs, gc, logs, lost] = await Promise.all([
    runKt(dir, ['status', 'here-1', '--json']),
    runKt(dir, ['status', 'latest', '--json']),
    runKt(dir, ['runs']),
    runKt(dir, ['gc', '--older-than', '1w', '--dry-run']),
    runKt(dir, ['logs', 'here-1', 'list']),
    runKt(dir, ['status', 'elsewhere']),
  ]);
  for (const shown of [status, latest])
    expect(JSON.parse(shown.out)).toMatchObject({ runId: 'here-1', status: 'Completed' });
  expect(runs.out).toMatch(/^RUN .*TOOK\nhere-1/);
  expect(runs.err).toMatch(/The cluster of the last submit is left out\..*does not answer/);
  expect(gc.out).toContain('Nothing to delete.');
  expect([status.code, latest.code, runs.code, gc.code, logs.code]).toEqual([0, 0, 0, 0, 0]);
  expect(lost.err).toMatch(/CLUSTER_UNREACHABLE.*Name it with --context or -n to wait for it/);
  expect(lost.code).toBe(3);
});

test('a run that nobody drives is Interrupted, and one that is driven is not begun twice', async () => {
  const owner = addRun(server, {
    runId: 'driven',
    status: 'Interrupted',
    more: { problem: 'The store is full.' },
  });
  addRun(server, { runId: 'left', status: 'Running' });
  addJob(server, { runId: 'driven', component: 'controller', owner });
  const [driven, left, runs, resume] = await Promise.all([
    runKt(dir, ['status', 'driven', '--json']),
    runKt(dir, ['status', 'left']),
    runKt(dir, ['runs', '--json']),
    runKt(dir, ['submit', '--resume', 'driven']),
  ]);
  expect(JSON.parse(driven.out)).toMatchObject({ status: 'Running' });
  expect(left.out).toMatch(
    /^run left: Interrupted[\s\S]*its controller is gone[\s\S]*kt submit --resume left/,
  );
  expect(JSON.parse(runs.out)).toMatchObject([
    { runId: 'left', status: 'Interrupted' },
    { runId: 'driven', status: 'Running' },
  ]);
  expectMistake(resume, /RUN_IS_DRIVEN/);
});

test('kt gc deletes runs that have ended, and bundles that none is left of', async () => {
  const old = { createdAtMs: Date.now() - 40 * DAY_MS };
  const owner = addRun(server, { runId: 'driven', status: 'Running', digest: 'd-driven', ...old });
  addJob(server, { runId: 'driven', component: 'controller', owner });
  addRun(server, { runId: 'interrupted', status: 'Running', digest: 'd-interrupted', ...old });
  const ended = addRun(server, { runId: 'old', status: 'Failed', digest: 'd-old', ...old });
  addJob(server, { runId: 'old', component: 'task', owner: ended });
  addRun(server, { runId: 'new', status: 'Completed', digest: 'd-new', createdAtMs: Date.now() - 60_000 });
  for (const digest of ['d-driven', 'd-interrupted', 'd-old', 'd-new']) addBundle(server, digest);
  const deletes = async (...args: string[]): Promise<string[]> =>
    (
      JSON.parse((await runKt(dir, ['gc', '--json', ...args])).out) as {
        deleted: { kind: string; name: string; where?: string }[];
      }
    ).deleted
      .filter(({ where }) => where === 'fake/ns')
      .map(({ kind, name }) => `${kind} ${name}`)
      .sort();
  expect(await deletes('--dry-run')).toEqual(['bundle d-old', 'run old']);
  expect(await deletes('--dry-run', '--keep', '1')).toEqual(['bundle d-old', 'run old']);
  expect(await deletes('--dry-run', '--keep', '2')).toEqual([]);
  expect(await deletes()).toEqual(['bundle d-old', 'run old']);
  expect([hasRun(server, 'old'), server.storage.all(paths.pods('ns')).length]).toEqual([false, 1]);
  expect(await deletes('--older-than', '0s')).toEqual(['bundle d-new', 'run new']);
  expect(await deletes('--older-than', '0s', '--interrupted')).toEqual([
    'bundle d-interrupted',
    'run interrupted',
  ]);
  expect(hasRun(server, 'driven')).toBe(true);
});

test('kt cancel takes over where a controller does not react, and says what is left', async () => {
  const owner = addRun(server, { runId: 'stuck', status: 'Running', more: { counts: { Running: 1 } } });
  addJob(server, { runId: 'stuck', component: 'controller', owner });
  addJob(server, { runId: 'stuck', component: 'task', owner });
  const cancelled = await runKt(dir, ['cancel', 'stuck', '--timeout', '3s']);
  expect(cancelled.out).toBe('Run stuck is Cancelled: nothing of it runs any more.\n');
  expect(JSON.parse((await runKt(dir, ['status', 'stuck', '--json'])).out)).toMatchObject({
    status: 'Cancelled',
  });
  const flag = server.asked.findIndex(({ method, text }) => method === 'PATCH' && text.includes('"cancel"'));
  const first = server.asked.findIndex(({ method }) => method === 'DELETE');
  expect(flag).toBeGreaterThan(-1);
  expect(first).toBeGreaterThan(flag);

  const other = addRun(server, { runId: 'lost-node', status: 'Running' });
  addJob(server, { runId: 'lost-node', component: 'task', owner: other });
  server.on(/^DELETE .*\/jobs/, { status: 200, body: {} });
  const left = await runKt(dir, ['cancel', 'lost-node', '--timeout', '1s']);
  expect(left.err).toMatch(/Run lost-node is cancelled\. 1 pod of it is left: kt-step-lost-node-0\./);
  expect(left.code).toBe(1);
});

test('a run here is cancelled where nobody drives it', async () => {
  await runKt(dir, ['run', 'shaky', '--run-id', 'done']);
  expectMistake(await runKt(dir, ['cancel', 'done']), /RUN_OVER.*it is Completed/);
  const begun = kt(
    dir,
    ['run', 'shaky', '--run-id', 'half', '--n', '20000', '--executor', 'processes'],
    (out, kill) => {
      if (out.includes('work: Running')) kill('SIGKILL');
    },
  );
  await begun;
  const cancelled = await runKt(dir, ['cancel', 'half']);
  expect(cancelled.out).toBe('Run half is Cancelled: nothing of it runs any more.\n');
  expect((await runKt(dir, ['status', 'half'])).out).toMatch(/^run half: Cancelled/);
  expect((await runKt(dir, ['cancel', 'half'])).code).toBe(0);
});
