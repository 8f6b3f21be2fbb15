import type { LogLine } from '@kube-transform/runtime';
import {
  ANNOTATION,
  JOB_INDEX,
  JOB_NAME,
  LABEL,
  labelValue,
  type Pod,
  paths,
  runLabels,
} from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { KubeBench } from '../../../../../../test/kit/kube-bench.js';
import { type OpenStream, statusBody } from '../../../../../../test/kit/kube-server.js';
import { type LiveFilter, readPods } from './pod-logs.js';

const bench = new KubeBench();
const pods = paths.pods('ns');
const ALL: LiveFilter = { runId: 'r', job: null, item: null };

/** Adds a pod of a step, or changes its phase. */
function pod(
  name: string,
  phase: NonNullable<Pod['status']>['phase'],
  job = 'work',
  more: object = {},
): void {
  const labels = { ...runLabels('r', 'p', 'task'), [LABEL.job]: labelValue(job), ...more };
  const metadata = { name, labels, annotations: { [ANNOTATION.job]: job } };
  if (bench.server.storage.all(pods).some(one => one.metadata.name === name))
    bench.server.storage.patch(pods, name, { status: { phase } });
  else bench.server.storage.create(pods, { metadata, status: { phase } });
}
const line = (item: number): string =>
  `${JSON.stringify({ i: item, n: 1, t: item, level: 'info', message: `at ${item}` })}\n`;

/** Reads pods; `streams` are the logs that are being read, by pod. */
function reading(filter: LiveFilter = ALL) {
  const streams = new Map<string, OpenStream>();
  let look: (() => void)[] = [];
  bench.server.on(/\/log/, ({ path }) => ({
    stream: out => {
      streams.set(/pods\/([^/]+)\/log/.exec(path)?.[1] ?? '', out);
      for (const one of look.splice(0)) one();
    },
  }));
  const lines: LogLine[] = [];
  const ending = new AbortController();
  const done = readPods(bench.api(), filter, {
    onLine: one => {
      lines.push(one);
      for (const it of look.splice(0)) it();
    },
    ending: ending.signal,
    signal: new AbortController().signal,
    note: () => undefined,
  });
  const until = async (is: () => boolean): Promise<void> => {
    while (!is()) await new Promise<void>(resolve => (look = [...look, resolve]));
  };
  const items = (): number[] => lines.map(({ item }) => item);
  const opened = async (name: string): Promise<OpenStream> => {
    await until(() => streams.has(name));
    return streams.get(name)!;
  };
  return { lines, items, ending, done, until, opened };
}

test('LL1: each pod is read from its beginning to its end, once', async () => {
  pod('a', 'Running');
  const { items, ending, done, until, opened } = reading();
  (await opened('a')).send(line(0));
  await until(() => items().length === 1);
  pod('b', 'Pending');
  pod('b', 'Running', 'other');
  (await opened('b')).send(`${line(5)}a warning of Node's own\n${line(6)}`);
  await until(() => items().length === 3);
  pod('a', 'Succeeded');
  for (const name of ['a', 'b']) (await opened(name)).end();
  ending.abort();
  await done;
  expect(items()).toEqual([0, 5, 6]);
  expect(bench.server.askedFor(/\/log/).map(({ path }) => path.split('/').at(-2))).toEqual(['a', 'b']);
});

test('LL1: a pod that cannot be read is tried again when something happens to it', async () => {
  pod('a', 'Running');
  bench.server.on(/\/log/, { status: 400, body: statusBody(400, 'BadRequest', 'container is creating') });
  const ending = new AbortController();
  const lines: LogLine[] = [];
  const done = readPods(bench.api(), ALL, {
    onLine: one => void lines.push(one),
    ending: ending.signal,
    signal: new AbortController().signal,
    note: () => undefined,
  });
  await bench.server.hasBeenAsked(/\/log/);
  bench.server.on(/\/log/, { status: 200, body: line(3) });
  // The refusal is on its way: what happens next makes it look again.
  while (lines.length === 0) {
    bench.server.storage.patch(pods, 'a', { status: { startTime: String(lines.length) } });
    await new Promise(setImmediate);
  }
  ending.abort();
  await done;
  expect(lines.map(({ job, item, message }) => [job, item, message])).toEqual([['work', 3, 'at 3']]);
});

test('LL2: when it is told to end, pods that are there have their last say, and later ones none', async () => {
  pod('a', 'Running');
  const { items, ending, done, until, opened } = reading();
  (await opened('a')).send(line(0));
  await until(() => items().length === 1);
  ending.abort();
  pod('b', 'Running');
  (await opened('a')).send(line(1));
  (await opened('a')).end();
  await done;
  expect(items()).toEqual([0, 1]);
  expect(bench.server.askedFor(/\/log/)).toHaveLength(1);
});

test('readPods - one step, and one item of it', async () => {
  const annotations = { [ANNOTATION.pods]: '0-1', [ANNOTATION.itemsPerPod]: '3' };
  bench.server.storage.create(paths.jobs('ns'), { metadata: { name: 'wave', annotations } });
  for (const index of [0, 1])
    pod(`of-${index}`, 'Running', 'work', { [JOB_NAME]: 'wave', [JOB_INDEX]: `${index}` });
  pod('stranger', 'Running', 'other');
  const { items, ending, done, opened } = reading({ runId: 'r', job: 'work', item: 4 });
  const stream = await opened('of-1');
  stream.send([3, 4, 5].map(line).join(''));
  stream.end();
  ending.abort();
  await done;
  expect(items()).toEqual([4]);
  expect(bench.server.askedFor(/\/log/)).toHaveLength(1);
});

test('readPods - of a warm pod, the lines of the step that is asked for', async () => {
  const labels = { ...runLabels('r', 'p', 'task'), [LABEL.warm]: 'c' };
  bench.server.storage.create(pods, { metadata: { name: 'warm', labels }, status: { phase: 'Running' } });
  const { lines, ending, done, until, opened } = reading({ ...ALL, job: 'work' });
  const said = (item: number, job: string): string => `{"job":"${job}",${line(item).slice(1)}`;
  const log = await opened('warm');
  log.send(said(1, 'other') + said(2, 'work'));
  await until(() => lines.length === 1);
  ending.abort();
  log.end();
  await done;
  expect(lines).toMatchObject([{ job: 'work', item: 2 }]);
});
