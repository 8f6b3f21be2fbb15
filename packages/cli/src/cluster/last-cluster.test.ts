import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, expect, test } from 'vitest';
import { expectDoor } from '../../../../test/kit/door-laws.js';
import { LAST_CLUSTER, remember, remembered } from './last-cluster.js';

let dir: string;
const file = (): string => join(dir, '.kt', 'cluster.json');

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-memory-'));
  await writeFile(join(dir, 'package.json'), '{}');
  await mkdir(join(dir, '.kt'));
});
afterEach(() => rm(dir, { recursive: true }));

const connection = { name: 'prod', server: 'https://x' };

test('what was used last is remembered; where nothing was, there is nothing', async () => {
  expect(await remembered(dir)).toBeNull();
  await remember(
    { store: 's3://x', delivery: 'registry', insecureRegistry: true },
    { namespace: 'jobs', connection },
    dir,
  );
  expect(await remembered(dir)).toEqual({
    context: 'prod',
    namespace: 'jobs',
    store: 's3://x',
    delivery: 'registry',
    insecureRegistry: true,
  });
  expect(JSON.parse(await readFile(file(), 'utf8'))).toMatchObject({ format: 1 });
});

test('a memory of kt 0.1.0 is read', async () => {
  await writeFile(file(), '{"image":"node:24","context":"prod","namespace":"jobs"}');
  expect(await remembered(dir)).toEqual({ image: 'node:24', context: 'prod', namespace: 'jobs' });
});

test.each([
  ['a newer one', '{"format":2}', 'NEWER_FORMAT', /written in format 2 by a newer kt/],
  [
    'one cut off',
    '{"contex',
    'BAD_MEMORY',
    /^.*\.kt\/cluster\.json: This memory of the last cluster cannot be read: it is not JSON/,
  ],
  [
    'one with another type',
    '{"namespace":7}',
    'BAD_MEMORY',
    /cluster\.json namespace: .*expected text, but got 7\. Delete it/,
  ],
])('a memory that cannot be read is refused, and no cluster guessed - %s', async (_, text, code, message) => {
  await writeFile(file(), text);
  await expect(remembered(dir)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('any memory is read or refused', () => {
  expectDoor(
    value => LAST_CLUSTER.check(value, 'f'),
    [{ context: 'c', platform: 'linux/arm64', imagePullPolicy: 'Always' }],
  );
});
