import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advance, READ_FROM_START, type ReadRequest, type ReadValue, valuesAfter } from './reader-pages.js';
import { readerJob } from './reader-job.js';
import { clusterSettings } from './cluster-settings.js';

const lineAt = (atMs: number, n: number): ReadValue => ({
  line: { job: 'j', item: n, attempt: 1, atMs, level: 'info', message: String(n) },
});
const failedAt = (n: number): ReadValue => ({
  failed: { job: 'j', item: n, attempts: 1, cause: { kind: 'Lost', message: '' } },
});

async function* of(values: readonly ReadValue[]): AsyncGenerator<ReadValue, void> {
  yield* values;
}

/** Reads in pages of a few values, each from where the last one ended. */
async function inPages(
  values: readonly ReadValue[],
  what: ReadRequest['what'],
  sizes: readonly number[],
): Promise<ReadValue[]> {
  const read: ReadValue[] = [];
  let after = READ_FROM_START;
  for (const size of sizes) {
    let left = size;
    for await (const value of valuesAfter(of(values), { what, after })) {
      if (left-- === 0) break;
      read.push(value);
      after = advance(after, value, what);
    }
  }
  for await (const value of valuesAfter(of(values), { what, after })) read.push(value);
  return read;
}

test('pages of any size make up the whole', async () => {
  const moments = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(moments, sizes, async (times, pages) => {
      const lines = [...times].sort((a, b) => a - b).map(lineAt);
      expect(await inPages(lines, 'lines', pages)).toEqual(lines);
      const failed = times.flatMap((atMs, n) => [failedAt(n), lineAt(atMs, n)]);
      expect(await inPages(failed, 'failed', pages)).toEqual(failed);
    }),
    { numRuns: 200 },
  );
});

test('the pod that reads has no token, is restricted and is of its run', () => {
  const settings = clusterSettings({
    namespace: 'n',
    store: 'file:/mnt/data',
    volume: { claim: 'c', mountPath: '/mnt/data' },
  });
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kt-r', uid: 'u' };
  const request: ReadRequest = {
    what: 'lines',
    runId: 'r',
    store: settings.store,
    place: null,
    previous: false,
    after: READ_FROM_START,
    pageBytes: 1,
  };
  const job = readerJob(
    { runId: 'r', pipeline: 'p', settings, digest: 'd', bundleParts: 2, owner },
    'abc',
    request,
  );
  expect(job.metadata).toMatchObject({
    labels: { 'app.kubernetes.io/component': 'reader', 'kt.dev/run': 'r' },
    ownerReferences: [owner],
  });
  expect(job.metadata.name.length).toBeLessThanOrEqual(57);
  expect(job.spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 60 });
  expect(job.spec?.template.spec).toMatchObject({
    automountServiceAccountToken: false,
    serviceAccountName: 'kt-pod',
    restartPolicy: 'Never',
  });
  expect(JSON.stringify(job)).toContain('kt-bundle-d-1');
});
