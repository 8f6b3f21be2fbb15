import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { beforeEach, expect, test } from 'vitest';
import { errorOf, KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { statusBody } from '../../../../../test/kit/kube-server.js';
import { expandJob } from '../../engine/expand-job.js';
import type { FileStore } from '../../ports/index.js';
import { systemClock } from '../../process/system-clock.js';
import { readOutcomes, RESULT_LINE } from '../../run-store/item-results.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { logsPrefix, resultsPrefix } from '../../run-store/layout.js';
import { readLog } from '../../run-store/read-log.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { KubeApi } from '../api/kube-api.js';
import type { Pod } from '../api/objects.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { ContainerSteps } from './container-steps.js';

const bench = new KubeBench();
let store: FileStore;
beforeEach(() => {
  store = memoryFileStore();
});

const pod: Pod = {
  metadata: { name: 'pod-0', uid: 'u0' },
  status: {
    phase: 'Succeeded',
    containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }],
  },
};

/** The pods of a step with this result, as a controller that has just begun sees them. */
async function stepsOf(result: 'none' | 'text') {
  const given: KTJobInput = { type: 'container', name: 'c', container: { image: 'x', result } };
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  const manifest = (await expandJob({
    store,
    runId: 'r',
    pipeline: 'p',
    job: job!,
    itemsPerPod: () => 1,
  })) as JobManifest;
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  const api = new KubeApi(bench.connection(), { clock: bench.clock });
  const steps = new ContainerSteps({ api, store, clock: systemClock, frame }, new AbortController().signal);
  return { steps, of: { pod, manifest, item: 0 } };
}
const resultOf = async (): Promise<unknown> => (await readOutcomes(store, 'r', 'c')).get(0)?.result;

test.each([
  ['text', undefined],
  ['none', null],
] as const)('a container whose log is gone - with the result "%s" has %j', async (result, stored) => {
  bench.server.on(/\/log\?/, { status: 404, body: statusBody(404, 'NotFound') });
  const { steps, of } = await stepsOf(result);
  const hint = await steps.settle(of, await steps.ended(of));
  expect(hint === null).toBe(stored === undefined);
  expect(await resultOf()).toBe(stored);
});

test('an item that is put on record from two sides at once - has one result', async () => {
  bench.server.on(/\/log\?/, { status: 404, body: statusBody(404, 'NotFound') });
  const { steps, of } = await stepsOf('none');
  const end = await steps.ended(of);
  await Promise.all([steps.settle(of, end), steps.settleUnseen(of.manifest, 0), steps.settle(of, end)]);
  const lines: unknown[] = [];
  for await (const line of readLog(store, resultsPrefix('r', 'c'), RESULT_LINE)) lines.push(line);
  expect(lines).toHaveLength(1);
});

test('a container whose log may not be read - is not settled', async () => {
  bench.server.on(/\/log\?/, { status: 403, body: statusBody(403, 'Forbidden') });
  const { steps, of } = await stepsOf('none');
  expect((await errorOf(steps.ended(of))).status).toBe(403);
  expect(await readOutcomes(store, 'r', 'c')).toEqual(new Map());
});

test('a container whose log was stored by another controller - has each line once', async () => {
  bench.server.on(/\/log\?/, {
    stream: out => {
      out.send('2026-11-28T08:00:00.123Z one\n2026-11-28T08:00:00.124Z two\n');
      out.end();
    },
  });
  for (const _ of [1, 2]) {
    const { steps, of } = await stepsOf('text');
    expect((await steps.ended(of)).lastLines).toEqual(['one', 'two']);
  }
  const lines: unknown[] = [];
  for await (const line of readLog(store, logsPrefix('r', 'c', 0), value => value)) lines.push(line);
  expect(lines).toMatchObject([{ message: 'one', n: 1 }, { message: 'two' }]);
});

/** What the node answers, one time after another, to who reads a log. */
function logs(...answers: string[]): { asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  bench.server.on(/\/log\?/, {
    stream: out => {
      asked.push(out.asked.query.get('sinceTime'));
      out.send(answers[asked.length - 1] ?? '');
      out.end();
    },
  });
  return { asked };
}
const stored = async (): Promise<unknown[]> => {
  const lines: unknown[] = [];
  for await (const line of readLog(store, logsPrefix('r', 'c', 0), value => value))
    lines.push((line as { message: string }).message);
  return lines;
};

test('CL1: a container whose stream ended before it - is read on from there, each line once', async () => {
  const { asked } = logs(
    '2026-11-28T08:00:07.1231Z one\n2026-11-28T08:00:07.1232Z two\n',
    '2026-11-28T08:00:07.1231Z one\n2026-11-28T08:00:07.1232Z two\n2026-11-28T08:00:07.1233Z three\n' +
      '2026-11-28T08:00:09Z four\n',
  );
  const { steps, of } = await stepsOf('text');
  const begun: typeof of = { ...of, pod: { ...pod, status: { phase: 'Running' } } };
  await steps.began(begun, null);
  await steps.settle(of, await steps.ended(of));
  expect(await resultOf()).toBe('four');
  expect(await stored()).toEqual(['one', 'two', 'three', 'four']);
  expect(asked).toEqual([null, '2026-11-28T08:00:07.000Z']);
});

test('CL1: a container whose log was rotated since - keeps what was read while it ran', async () => {
  logs('2026-11-28T08:00:07Z the result\n', '');
  const { steps, of } = await stepsOf('text');
  await steps.began({ ...of, pod: { ...pod, status: { phase: 'Running' } } }, null);
  await steps.settle(of, await steps.ended(of));
  expect(await resultOf()).toBe('the result');
});

test('containers that have ended - are read with a request each, over one connection', async () => {
  logs(...['a', 'b', 'c', 'd', 'e'].map(text => `2026-11-28T08:00:07Z ${text}\n`));
  const { steps, of } = await stepsOf('text');
  for (const text of ['a', 'b', 'c', 'd', 'e']) {
    const metadata = { name: `pod-${text}`, uid: text };
    expect((await steps.ended({ ...of, pod: { ...pod, metadata } })).lastLines).toEqual([text]);
  }
  expect([bench.server.asked.length, bench.server.connections]).toEqual([5, 1]);
});

test('a container that prints nothing - costs no look into the store before it is put on record', async () => {
  logs('');
  const { steps, of } = await stepsOf('none');
  const listed: string[] = [];
  const { list } = store;
  store.list = (prefix, options) => (listed.push(prefix), list.call(store, prefix, options));
  const end = await steps.ended(of);
  expect(listed).toEqual([]);
  await steps.settle(of, end);
  expect(listed).toEqual([resultsPrefix('r', 'c', 0)]);
});

test('CL2: what a node says instead of a log - is no result', async () => {
  logs('unable to retrieve container logs for containerd://0123\n');
  const { steps, of } = await stepsOf('text');
  expect(await steps.settle(of, await steps.ended(of))).toBeNull();
  expect(await resultOf()).toBeUndefined();
  expect(await stored()).toEqual([]);
});

test('a container that prints a line without end - has the beginning of it stored, and no result', async () => {
  const mib = 'x'.repeat(2 ** 20);
  bench.server.on(/\/log\?/, {
    stream: out => {
      out.send('2026-11-28T08:00:00.123456789Z one\n2026-11-28T08:00:00.124Z ');
      for (let i = 0; i < 8; i++) out.send(mib);
      out.end();
    },
  });
  const { steps, of } = await stepsOf('text');
  await steps.settle(of, await steps.ended(of));
  const lines: { message: string }[] = [];
  for await (const line of readLog(store, logsPrefix('r', 'c', 0), value => value as { message: string }))
    lines.push(line);
  expect(lines.map(({ message }) => message.length < 2 ** 18 + 100)).toEqual([true, true]);
  expect(lines[1]?.message).toMatch(/^x{262144,} … \(\d{7} more characters were cut off\)$/);
  expect((await readOutcomes(store, 'r', 'c')).get(0)?.cause).toMatchObject({
    kind: 'InvalidResult',
    message: expect.stringContaining(
      'the last line that it printed has more than 262144 characters',
    ) as string,
  });
});
