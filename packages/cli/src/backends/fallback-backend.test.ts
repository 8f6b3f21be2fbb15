import { KtError } from '@kube-transform/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../../../test/kit/collect.js';
import { completed, failed, FAILED, LINES, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import type { CallLimits, ListedRun, RunBackend, RunRef } from './backend.js';
import { FallbackBackend } from './fallback-backend.js';

let here: MemoryBackend;
let there: MemoryBackend;
let opened: number;
let notes: string[];

beforeEach(() => {
  here = new MemoryBackend();
  there = new MemoryBackend({ name: 'ctx/ns' });
  opened = 0;
  notes = [];
});

/** The two as one; `cluster` opens the one behind. */
function backend(
  cluster: () => Promise<RunBackend> = async () => {
    opened++;
    return there;
  },
): FallbackBackend {
  return new FallbackBackend(here, cluster, { note: text => void notes.push(text), limitMs: 20 });
}

/** A cluster that takes requests and does not answer; it heeds what limits them. */
class Silent extends MemoryBackend {
  override list(limits: CallLimits = {}): Promise<ListedRun[]> {
    return this.#never(limits);
  }
  override find(_typed: string, limits: CallLimits = {}): Promise<RunRef> {
    return this.#never(limits);
  }
  #never({ signal }: CallLimits): Promise<never> {
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => reject(new Error('The operation was aborted.'))),
    );
  }
}
const silent = async (): Promise<RunBackend> => new Silent({ name: 'ctx/ns' });

describe('WH1: a run is looked for here first, and then in the cluster', () => {
  test('WH1: one that is here is not asked for there', async () => {
    here.set(completed('here-1'));
    there.set(completed('here-1'));
    const both = backend();
    expect(await both.find('here')).toMatchObject({ runId: 'here-1', where: 'here', verb: 'kt run' });
    expect(opened).toBe(0);
  });

  test('WH1: one that is there is found, and each call goes to where it is', async () => {
    there.set(failed('there-1'), { lines: LINES, failed: FAILED });
    const both = backend();
    const run = await both.find('there');
    expect(run).toMatchObject({ runId: 'there-1', where: 'ctx/ns', verb: 'kt submit' });
    expect(await both.read(run)).toMatchObject({ status: 'Failed' });
    expect(await collect(both.logs(run, { selector: 'work/4' }))).toHaveLength(2);
    expect(await collect(both.failedLogs(run))).toHaveLength(2);
    const signal = new AbortController().signal;
    const watcher = { sink: { publish: () => undefined }, note: () => undefined, signal };
    expect(await both.follow(run, watcher)).toMatchObject({ runId: 'there-1' });
    expect(await both.retry(run)).toMatchObject({ run: { where: 'ctx/ns' }, submitted: { digest: 'd1' } });
    await expect(both.cancel(run)).rejects.toMatchObject({ code: 'RUN_OVER' });
    expect(opened).toBe(1);
    await both[Symbol.asyncDispose]();
    expect([here.asked.closed, there.asked.closed]).toEqual([true, true]);
  });

  test('WH1: latest is the newer of the two', async () => {
    there.set({ ...completed('there-1'), createdMs: 2000 });
    expect(await backend().find('latest')).toMatchObject({ runId: 'there-1' });
    here.set({ ...completed('here-1'), createdMs: 1000 });
    expect(await backend().find('latest')).toMatchObject({ runId: 'there-1' });
    here.set({ ...completed('here-2'), createdMs: 2000 });
    expect(await backend().find('latest')).toMatchObject({ runId: 'here-2' });
  });

  test('WH1: an error says where was looked, and what there is', async () => {
    there.set(completed('there-1'));
    there.set(completed('there-2'));
    await expect(backend().find('there-3')).rejects.toMatchObject({
      problems: [
        {
          code: 'UNKNOWN_RUN',
          message: 'There is no run "there-3" in ctx/ns. Nor is it in the store here.',
          hint: expect.stringContaining('"there-') as string,
        },
      ],
    });
    await expect(backend().find('there')).rejects.toMatchObject({ code: 'AMBIGUOUS_RUN' });
    here.set(completed('the-one'));
    here.set(completed('the-other'));
    await expect(backend().find('the-o')).rejects.toMatchObject({ code: 'AMBIGUOUS_RUN' });
    expect(opened).toBe(2);
  });

  test('WH1: lists and collections are of both', async () => {
    here.set({ ...completed('here-1'), createdMs: 1000 });
    there.set({ ...completed('there-1'), createdMs: 3000 });
    here.set({ ...running('here-2'), createdMs: 2000 });
    const runs = await backend().list();
    expect(runs.map(({ runId, where }) => `${where} ${runId}`)).toEqual([
      ...['ctx/ns there-1', 'here here-2', 'here here-1'],
    ]);
    const options = { olderThanMs: 0, keep: 0, interrupted: false, dryRun: true, nowMs: 10_000 };
    expect((await backend().collect(options)).map(({ name, where }) => `${where} ${name}`)).toEqual([
      ...['here here-1', 'ctx/ns there-1'],
    ]);
    expect(notes).toEqual([]);
  });
});

describe('WH2: a cluster that was not asked for is not waited for', () => {
  const away = new KtError({ code: 'CLUSTER_UNREACHABLE', path: '', message: 'Nobody answers.' });

  test('WH2: what is here is told, whatever the cluster does', async () => {
    here.set(completed('here-1'));
    const hangs = (): Promise<never> => new Promise(() => undefined);
    for (const cluster of [silent, hangs, () => Promise.reject(away)]) {
      expect(await backend(cluster).find('latest')).toMatchObject({ runId: 'here-1' });
      expect(await backend(cluster).find('here-1')).toMatchObject({ runId: 'here-1' });
      expect((await backend(cluster).list()).map(({ runId }) => runId)).toEqual(['here-1']);
    }
    expect(notes).toEqual(
      ['ctx/ns does not answer', 'getting its credentials takes too long', 'Nobody answers'].map(why =>
        expect.stringMatching(`^The cluster of the last submit is left out\\. .*${why}\\.$`),
      ),
    );
  });

  test('WH2: a run that is not here cannot be told of', async () => {
    await expect(backend(silent).find('elsewhere')).rejects.toMatchObject({
      problems: [{ code: 'CLUSTER_UNREACHABLE', hint: 'Name it with --context or -n to wait for it.' }],
    });
    await expect(backend(() => Promise.reject(away)).find('elsewhere')).rejects.toBe(away);
  });

  test('WH2: a connection that comes too late is closed', async () => {
    let come = (_: RunBackend): void => undefined;
    const both = backend(() => new Promise(resolve => (come = resolve)));
    await both.list();
    await both[Symbol.asyncDispose]();
    come(there);
    await new Promise(setImmediate);
    expect(there.asked.closed).toBe(true);
  });

  test('WH2: a bug is not taken for a cluster that is away', async () => {
    const bug = new TypeError('undefined is not a function');
    await expect(backend(() => Promise.reject(bug)).list()).rejects.toBe(bug);
    await expect(backend(() => Promise.reject(bug)).find('latest')).rejects.toBe(bug);
  });
});
