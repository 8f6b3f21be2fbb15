/** `cache: true` never gives the result of other code. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ktFunction, pipeline } from '@kube-transform/sdk';
import { memoryFileStore, type FileStore, openStore, runPipeline } from '@kube-transform/runtime';
import { expect, onTestFinished, test } from 'vitest';

const cached = (fn: () => string) => pipeline('p').job('a', ktFunction(fn), () => ({}), { cache: true });

async function resultOf(of: ReturnType<typeof cached>, store: FileStore): Promise<unknown> {
  return (await runPipeline(of, { store })).result('a');
}

test('cache - of a function that was changed nothing is taken; of the same function, in the same process', async () => {
  const store = memoryFileStore();
  let calls = 0;
  const counts = cached(() => `call ${++calls}`);
  expect(
    await resultOf(
      cached(() => 'old code'),
      store,
    ),
  ).toBe('old code');
  expect(
    await resultOf(
      cached(() => 'new code'),
      store,
    ),
  ).toBe('new code');
  expect([await resultOf(counts, store), await resultOf(counts, store)]).toEqual(['call 1', 'call 1']);
});

test('cache - where other processes may have had other code nothing is kept, and a warning says so', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kt-cache-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await using store = await openStore(`file:${dir}`);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  let calls = 0;
  const counts = cached(() => `call ${++calls}`);
  expect([await resultOf(counts, store), await resultOf(counts, store)]).toEqual(['call 1', 'call 2']);
  expect(await readdir(dir)).not.toContain('kt-metadata-cache');
  expect(warnings[0]).toMatch(/^Nothing is cached for "a": the code of functions has no digest here\./);
});
