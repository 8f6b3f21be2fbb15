/** Runs here and in the cluster of the last submit, on a scripted API server. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { expectMistake, runKt } from '../kit/kt.js';
import { addBundle, addJob, addRun, submittedTo } from '../kit/kube-runs.js';
import { KubeServer } from '../kit/kube-server.js';

let server: KubeServer;
let dir: string;

beforeEach(async () => {
  server = await KubeServer.start();
  dir = await submittedTo(server);
});
afterEach(() => server.close());

const DAY_MS = 86_400_000;
const idsIn = (json: string): string[] => (JSON.parse(json) as { runId: string }[]).map(({ runId }) => runId);

test('kt status, kt runs - a run is looked for here first, and then in the cluster', async () => {
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
  expect([idsIn(onlyHere.out), idsIn(onlyThere.out)]).toEqual([['here-1'], ['there-1']]);
  addRun(server, { runId: 'there-2', status: 'Failed', createdAtMs: Date.now() + DAY_MS });
  const [newest, both, ambiguous, unknown] = await Promise.all([
    runKt(dir, ['status', 'latest', '--json']),
    runKt(dir, ['status', 'there-1', '--store', 'file:.', '-n', 'ns']),
    runKt(dir, ['status', 'the']),
    runKt(dir, ['status', 'where-1', '-n', 'ns']),
  ]);
  expect(JSON.parse(newest.out)).toMatchObject({ runId: 'there-2' });
  expectMistake(both, /BAD_OPTIONS {2}--store: --store means a run here, and --namespace one in a cluster\./);
  expectMistake(ambiguous, /AMBIGUOUS_RUN.*"the" is the beginning of 2 runs/);
  expectMistake(
    unknown,
    /UNKNOWN_RUN.*There is no run "where-1" in namespace "ns" of fake\. Did you mean "there-1"/,
  );
});

test('KT_NAMESPACE - counts for reading as for submitting, also where nothing was submitted', async () => {
  addRun(server, { runId: 'there-1', status: 'Completed' });
  const others = paths.configMaps('other');
  const [map] = server.storage.all(paths.configMaps('ns'));
  server.storage.create(others, { ...map, metadata: { ...map?.metadata, name: 'kt-run-there-1' } });
  vi.stubEnv('KT_NAMESPACE', 'other');
  vi.stubEnv('KUBECONFIG', join(dir, '.kt/kubeconfig'));
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((await runKt(dir, ['runs'])).out).toMatch(/^there-1 .* fake\/other$/m);
  await rm(join(dir, '.kt/cluster.json'));
  expect((await runKt(dir, ['runs'])).out).toMatch(/^there-1 .* fake\/other$/m);
  expect((await runKt(dir, ['runs', '-n', 'ns'])).out).not.toContain('fake/other');
  vi.stubEnv('KT_NAMESPACE', '');
  expect((await runKt(dir, ['runs'])).out).toContain('There are no runs in this store');
});

test('a cluster that is away - what is here is told all the same', async () => {
  await runKt(dir, ['run', 'shaky', '--run-id', 'here-1']);
  server.on(/./, 'freeze');
  const frozen = await runKt(dir, ['status', 'here-1', '--json']);
  expect(JSON.parse(frozen.out)).toMatchObject({ runId: 'here-1', status: 'Completed' });
  await server.close();
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
  expect(runs.err).toMatch(/^The cluster of the last submit is left out\. /);
  expect(gc.out).toContain('Nothing to delete.');
  expect([status.code, latest.code, runs.code, gc.code, logs.code]).toEqual([0, 0, 0, 0, 0]);
  expect([lost.out, lost.code]).toEqual(['', 3]);
});

test('kt cancel, kt retry - a run of the cluster is cancelled and repeated there', async () => {
  addRun(server, { runId: 'left', status: 'Running' });
  const owner = addRun(server, { runId: 'driven', status: 'Running' });
  addJob(server, { runId: 'driven', component: 'controller', owner });
  addBundle(server, 'd1');
  const [cancelled, driving, driven] = await Promise.all([
    runKt(dir, ['cancel', 'left']),
    runKt(dir, ['retry', 'left', '--failed', '--executor', 'processes']),
    runKt(dir, ['retry', 'driven', '--failed']),
  ]);
  expect(cancelled.out).toBe('Run left is Cancelled: nothing of it runs any more.\n');
  expectMistake(driving, /UNEXPECTED_OPTION {2}--executor: .*run "left" is in a cluster/);
  expectMistake(driven, /RUN_IS_DRIVEN.*is still going on.*kt cancel driven/);
  const retried = await runKt(dir, ['retry', 'left', '--failed']);
  const [, again = ''] =
    /^Submitted (p-\S+) to namespace ns of fake; functions d1 \(unchanged\)\./.exec(retried.out) ?? [];
  expect(JSON.parse((await runKt(dir, ['status', again, '--json'])).out)).toMatchObject({
    status: 'Running',
  });
  expect((await runKt(dir, ['status', again])).out).toContain(', repeats left\n');
});
