/** Files of earlier runs on a cluster: what is made is not made again, what depends on a lost file is. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { submitJobs } from '../kit/submitted.js';
import { madeIn, notesOf, targetJobs, toBeMade } from '../kit/targets.js';

const NAMES = ['a', 'b', 'odd $(X)', 'ü'];
const EACH = ['header', ...NAMES.flatMap(name => [`extract/${name}`, `convert/${name}`]), 'joined'];
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('targets');
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** What began in a run, how often. */
async function run(): Promise<Record<string, number>> {
  await rm(join(cluster.dir, 'did'), { recursive: true, force: true });
  const ended = await (await submitJobs(cluster, targetJobs(NAMES))).ended;
  expect(ended.status, JSON.stringify(ended)).toBe('Completed');
  expect(await madeIn(cluster, NAMES)).toEqual(toBeMade(NAMES));
  return Object.fromEntries((await notesOf(cluster)).began);
}

test('the first run makes all, the second nothing, the third what depends on a file that was lost', async () => {
  expect(await run()).toEqual(Object.fromEntries(EACH.map(name => [name, 1])));
  expect(await run()).toEqual({});
  await rm(join(cluster.dir, 'raw/b'));
  expect(await run()).toEqual({ 'extract/b': 1, 'convert/b': 1, joined: 1 });
});
