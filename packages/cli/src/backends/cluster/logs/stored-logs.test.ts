import type { LogLine } from '@kube-transform/runtime';
import { newRunSummary } from '@kube-transform/runtime/internal';
import {
  clusterSettings,
  type Job,
  JOB_NAME,
  paths,
  type ReadCursor,
  type ReadLine,
  type ReadRequest,
} from '@kube-transform/runtime/kubernetes';
import { beforeEach, expect, test } from 'vitest';
import { KubeBench } from '../../../../../../test/kit/kube-bench.js';
import { type LoggedRun, readStored } from './stored-logs.js';

const bench = new KubeBench();
const jobs = paths.jobs('ns');
const pods = paths.pods('ns');
const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });

/** Lines of one item, each of its own moment. */
const LINES: LogLine[] = [1, 2, 3, 4, 5, 6].map(atMs => ({
  ...{ job: 'work', item: 0, attempt: 1, atMs, level: 'info', message: `line ${atMs}` },
}));
/** What the pods have been asked for. */
let asked: ReadRequest[];
const requestOf = (job: Job): ReadRequest => {
  const env = JSON.stringify(job.spec).match(/"KT_READ","value":("(?:\\.|[^"\\])*")/)?.[1] ?? '""';
  return JSON.parse(JSON.parse(env) as string) as ReadRequest;
};

/** Has each pod that reads print what is said of its page; the first page is 0. */
function pages(print: (rest: LogLine[], page: number) => (ReadLine | string)[]): void {
  bench.server.on(/\/log/, ({ path }) => {
    const name = /pods\/([^/]+)-pod\/log/.exec(path)?.[1] ?? '';
    const request = requestOf(bench.server.storage.get(jobs, name) as unknown as Job);
    const isLeft = ({ atMs }: LogLine, { atMs: done }: ReadCursor): boolean => atMs > done;
    const lines = print(
      LINES.filter(line => isLeft(line, request.after)),
      asked.push(request) - 1,
    );
    const body = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    return { status: 200, body: `${body}\n` };
  });
}

beforeEach(() => {
  asked = [];
  bench.server.storage.listen(({ collection, type, object: { metadata } }) => {
    if (collection !== jobs || type !== 'ADDED') return;
    const labels = { [JOB_NAME]: metadata.name };
    const ownerReferences = [{ uid: metadata.uid ?? '' }];
    const pod = { metadata: { name: `${metadata.name}-pod`, labels, ownerReferences } };
    bench.server.storage.create(pods, { ...pod, status: { phase: 'Running' } });
  });
});

/** What was said meanwhile, after so many milliseconds. */
let notes: string[];
beforeEach(() => (notes = []));

async function read(take = Infinity): Promise<string[]> {
  const run: LoggedRun = {
    api: bench.api(),
    object: { metadata: { name: 'kt-run-r', uid: 'u' } },
    config: {
      ...{ runId: 'r', pipeline: 'p', kind: 'new', from: null, digest: 'd', bundleParts: 1 },
      ...{ settings, createdAtMs: 0, source: null },
    },
    summary: newRunSummary({ runId: 'r', pipeline: 'p', createdMs: 0, retryOf: null }),
  };
  const texts: string[] = [];
  const note = (text: string): void => void notes.push(`${bench.clock.nowMs() - beganMs} ${text}`);
  const beganMs = bench.clock.nowMs();
  const reading = { signal: new AbortController().signal, note, clock: bench.clock };
  for await (const value of readStored(run, { what: 'lines', selector: null, previous: false }, reading)) {
    if ('line' in value) texts.push(value.line.message);
    if (texts.length >= take) break;
  }
  return texts;
}
const all = LINES.map(({ message }) => message);
const begin = { begin: true } as const;
const values = (lines: readonly LogLine[]): ReadLine[] => lines.map(line => ({ line }));
const end = (count: number, more = false): ReadLine => ({ end: { count, more } });

test('RS1: page after page, each from where the last one ended', async () => {
  pages(rest => [begin, 'a warning of Node', ...values(rest.slice(0, 2)), end(2, rest.length > 2)]);
  expect(await read()).toEqual(all);
  expect(asked.map(({ after }) => after.atMs)).toEqual([0, 2, 4]);
});

test('RS1: a page that was cut short is asked for again from where it ended', async () => {
  pages((rest, page) =>
    page === 0 ? [begin, ...values(rest.slice(0, 4))] : [begin, ...values(rest), end(rest.length)],
  );
  expect(await read()).toEqual(all);
  expect(asked.map(({ after }) => after.atMs)).toEqual([0, 4]);
});

test('RS1: a page whose beginning is missing is asked for in smaller pieces', async () => {
  pages((rest, page) => (page === 0 ? values(rest) : [begin, ...values(rest), end(rest.length)]));
  expect(await read()).toEqual(all);
  expect(asked[1]?.pageBytes).toBe((asked[0]?.pageBytes ?? 0) / 4);
});

test('RS1: a page with fewer values than it says, or that is always cut short, fails', async () => {
  pages(rest => [begin, ...values(rest.slice(0, 5)), end(6)]);
  await expect(read()).rejects.toMatchObject({ code: 'LOGS_CUT' });
  pages(() => [begin]);
  await expect(read()).rejects.toMatchObject({ code: 'LOGS_CUT' });
});

test('RS1: what the store says is said', async () => {
  pages(() => [begin, { error: [{ code: 'UNKNOWN_JOB', path: 'job', message: 'There is none.' }] }]);
  await expect(read()).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
});

test('RS2: the Job of a page is deleted when it was read, also where nobody wants the rest', async () => {
  pages(rest => [begin, ...values(rest.slice(0, 2)), end(2, rest.length > 2)]);
  expect(await read(3)).toEqual(all.slice(0, 3));
  expect(asked).toHaveLength(2);
  expect([bench.server.storage.all(jobs), bench.server.storage.all(pods)]).toEqual([[], []]);
});

test('a pod that does not start is given up after a minute, with what to do', async () => {
  bench.server.storage.listen(({ collection, type, object: { metadata } }) => {
    if (collection !== pods || type !== 'ADDED') return;
    const scheduled = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes',
    };
    bench.server.storage.patch(pods, metadata.name, {
      status: { phase: 'Pending', conditions: [scheduled] },
    });
  });
  bench.server.storage.listen(({ collection, type, object: { metadata } }) => {
    if (collection === jobs && type === 'ADDED')
      bench.server.storage.patch(jobs, metadata.name, { status: { active: 1, ready: 0 } });
  });
  const began = bench.clock.nowMs();
  await expect(read()).rejects.toMatchObject({ code: 'READER_NOT_STARTED' });
  // Why nothing comes is said soon.
  expect(notes[0]).toMatch(/^2\d{3} The pod that reads the logs has not started yet: .*0\/1 nodes/);
  expect(bench.clock.nowMs() - began).toBeGreaterThanOrEqual(60_000);
});
