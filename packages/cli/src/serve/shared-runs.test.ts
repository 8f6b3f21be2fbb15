import { newJobProgress } from '@kube-transform/runtime/internal';
import { paths, runName } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { KubeBench } from '../../../../test/kit/kube-bench.js';
import { addJob, addRun } from '../../../../test/kit/kube-runs.js';
import { SharedRuns } from './shared-runs.js';

const bench = new KubeBench();
const WATCH = /^GET .*configmaps.*watch=/;

/** Somebody who follows run "r", until it ends, or they leave. */
function follower(runs: SharedRuns) {
  const leaving = new AbortController();
  const told: string[] = [];
  let hear = (): void => undefined;
  const heard = new Promise<void>(resolve => (hear = resolve));
  const publish = (event: { type: string; to?: string }): void => {
    told.push(`${event.type} ${event.to ?? ''}`.trim());
    hear();
  };
  const note = (text: string): void => void told.push(text);
  const ended = runs.follow('r', { sink: { publish }, note, signal: leaving.signal });
  return { told, heard, ended, leave: () => leaving.abort() };
}

/** Its controller reports a status, of its one step too. */
function report(status: 'Running' | 'Completed', updatedMs: number, more: object = {}): void {
  const jobs = [{ ...newJobProgress('work'), status }];
  const summary = JSON.stringify({ status, startedMs: 1, updatedMs, jobs, ...more });
  bench.server.storage.patch(paths.configMaps('ns'), runName('r'), { data: { summary } });
}

function begin(): SharedRuns {
  const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
  addJob(bench.server, { runId: 'r', component: 'controller', owner });
  report('Running', 5);
  return new SharedRuns(bench.api(), bench.clock);
}

test('SR1: three who follow, the last of them late - are told the same, by one watch', async () => {
  const runs = begin();
  const early = [follower(runs), follower(runs)];
  await Promise.all(early.map(({ heard }) => heard));
  await bench.server.hasBeenAsked(WATCH);
  report('Running', 6, { trouble: 'The store is slow.' });
  const late = follower(runs);
  await late.heard;
  report('Completed', 7);
  const all = [...early, late];
  for (const { ended } of all) expect(await ended).toMatchObject({ runId: 'r', status: 'Completed' });
  for (const { told } of all) {
    expect(told.filter(text => text === 'The store is slow.')).toHaveLength(1);
    expect(told.filter(text => !text.includes('slow'))).toEqual(
      early[0]?.told.filter(text => !text.includes('slow')),
    );
  }
  expect(late.told).toContain('JobStatusChanged Completed');
  expect(bench.server.askedFor(WATCH)).toHaveLength(1);
});

test('SR2: who leaves - leaves the others their watch, and the last ends it; who comes then has another', async () => {
  const runs = begin();
  const [stays, leaves] = [follower(runs), follower(runs)];
  await Promise.all([stays.heard, leaves.heard]);
  leaves.leave();
  expect(await leaves.ended).toMatchObject({ status: 'Running' });
  await bench.server.hasBeenAsked(WATCH);
  stays.leave();
  expect(await stays.ended).toMatchObject({ status: 'Running' });
  const next = follower(runs);
  await next.heard;
  report('Completed', 7);
  expect(await next.ended).toMatchObject({ status: 'Completed' });
  expect(leaves.told).not.toContain('RunFinished');
});

test('SR2: a run that is deleted - is so for all who follow it', async () => {
  const runs = begin();
  const both = [follower(runs), follower(runs)];
  await bench.server.hasBeenAsked(WATCH);
  bench.server.storage.delete(paths.configMaps('ns'), runName('r'));
  for (const { ended } of both) await expect(ended).rejects.toMatchObject({ code: 'RUN_DELETED' });
});
