/** `kt deploy`, `kt rollback` and runs of what is deployed, on a cluster. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { expectMistake, kt } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { BERLIN, NOON, objects, projectOf, source } from './nightly.js';

let cluster: TestCluster;
let dir: string;
const write = (text: string): Promise<void> => writeFile(join(dir, 'pipelines/nightly.ts'), text);
const deploy = (...args: string[]): ReturnType<typeof kt> => kt(dir, ['deploy', ...cluster.args, ...args]);

beforeAll(async () => {
  cluster = await testCluster('deploy', { access: false });
  dir = await projectOf(source(2, BERLIN + NOON));
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const versionIn = (text: string): string => /nightly (\w{10})\b/.exec(text)?.[1] ?? '';
const resultOf = async (...args: string[]): Promise<string | undefined> => {
  const { out, code } = await kt(dir, ['submit', 'nightly', ...args, '--follow']);
  expect(code, out).toBe(0);
  return /^(\d+)\nCompleted in/m.exec(out)?.[1];
};

describe('kt deploy', () => {
  let first = '';
  let second = '';

  test('--dry-run and --diff change nothing, and say when schedules come next', async () => {
    const [dry, diff] = [await deploy('--dry-run'), await deploy('--diff')];
    expect(await objects(cluster)).toEqual({});
    expect(dry.out).toMatch(/^would be created +CronJob +kt-nightly-\S+ +schedule$/m);
    expect(dry.out).toMatch(
      /nightly runs at "30 2 \* \* \*" in Europe\/Berlin; next:\n(  \d{4}-\d\d-\d\d 02:30 \+0[12]:00\n){5}/,
    );
    expect(dry.out).toMatch(
      /nightly runs at "0 12 \* \* \*" in the cluster's time zone; next:\n(  \d{4}-\d\d-\d\d 12:00 \+00:00\n){5}/,
    );
    expect(dry.out).toContain('this was a dry run');
    expect(diff.out).toMatch(/^\+ +schedule: 30 2 \* \* \*$/m);
    expect(diff.out).toMatch(/^\+ +kind: Role$|^\+kind: Role$/m);
    expect([dry.code, diff.code]).toEqual([0, 0]);
  });

  test('makes what is needed, and says so in a table', async () => {
    const { out, code } = await deploy();
    for (const row of [
      'ServiceAccount +kt-pod +access',
      'Role +kt-controller +access',
      'RoleBinding +kt-controller +access',
      'ConfigMap +kt-bundle-\\w+-0 +code',
    ]) {
      expect(out).toMatch(new RegExp(`^created +${row}$`, 'm'));
    }
    expect(out).toMatch(/^created +ConfigMap +kt-nightly-v\w+-0 +version$/m);
    expect(out).toMatch(/^created +ConfigMap +kt-deploy-nightly-\w+ +deployment$/m);
    expect(out.match(/^created +CronJob +kt-nightly-\w+ +schedule$/gm)).toHaveLength(2);
    expect(out).toMatch(/^Deployed in namespace .*: nightly \w{10}\.$/m);
    expect(out).toContain('run it: kt submit nightly --follow');
    expect(code).toBe(0);
    first = versionIn(out);
    expect(Object.keys(await objects(cluster))).toHaveLength(8);
  });

  test('AP1: a second time, of the same source, touches nothing', async () => {
    const before = await objects(cluster);
    const [again, diff] = [await deploy(), await deploy('--diff')];
    expect(again.out).toMatch(/^Unchanged in namespace .*Nothing was pushed\.$/m);
    expect(again.out).not.toMatch(/^(created|changed|deleted) /m);
    expect(diff.out).toBe('Nothing differs.\n');
    expect(await objects(cluster)).toEqual(before);
  });

  test('of another source makes another version, which runs are of; the one before can be had', async () => {
    await write(source(3, BERLIN + NOON));
    expect(await resultOf()).toBe('14');
    const diff = await deploy('--diff');
    expect(diff.out).toMatch(new RegExp(`^- .*version.*${first}`, 'm'));
    const { out } = await deploy();
    second = versionIn(out);
    expect(second).not.toBe(first);
    expect(out).toMatch(/^changed +ConfigMap +kt-deploy-nightly-\w+ +deployment$/m);
    expect(await resultOf()).toBe('21');
    expect(await resultOf('--n', '2', '--version', first.slice(0, 6))).toBe('4');
    expectMistake(
      await kt(dir, ['submit', 'nightly', '--version', 'zzz']),
      /UNKNOWN_VERSION.*There is no version "zzz" of pipeline "nightly"/,
    );
  });

  test('is undone by kt rollback, to the version before', async () => {
    const back = await kt(dir, ['rollback', 'nightly']);
    expect(back.out).toContain(`nightly ${first} instead of ${second}`);
    expect(await resultOf()).toBe('14');
    const listed = await kt(dir, ['rollback', 'nightly', '--list']);
    expect(listed.out).toMatch(new RegExp(`^deployed +${first} +\\d{4}-.*Z$`, 'm'));
    expect(listed.out).toMatch(new RegExp(`^ +${second} +\\d{4}-.*Z$`, 'm'));
    expectMistake(await kt(dir, ['rollback', 'nightly']), /NO_VERSION_BEFORE.*There is no version before/);
    expectMistake(await kt(dir, ['rollback', 'nightyl']), /NOT_DEPLOYED.*Did you mean "nightly"/);
    const forth = await kt(dir, ['rollback', 'nightly', '--to', second]);
    expect(forth.out).toContain(`nightly ${second} instead of ${first}`);
  });

  test('of a version that was there makes it the newest: a rollback goes to what was deployed meanwhile', async () => {
    await write(source(2, BERLIN + NOON));
    expect(versionIn((await deploy()).out)).toBe(first);
    expect((await kt(dir, ['rollback', 'nightly'])).out).toContain(`nightly ${second} instead of ${first}`);
    await write(source(3, BERLIN + NOON));
  });

  test('makes versions whose code kt gc keeps', async () => {
    const before = await objects(cluster);
    const gone = await kt(dir, ['gc', '--older-than', '0s', '-n', cluster.namespace]);
    expect(gone.code, gone.err).toBe(0);
    expect(Object.keys(await objects(cluster))).toEqual(Object.keys(before));
    expect(await resultOf('--version', first)).toBe('14');
  });

  test('deletes what is no longer in the source: a schedule, a pipeline', async () => {
    await write(source(3, NOON));
    await writeFile(join(dir, 'pipelines/extra.ts'), source(5).replace("'nightly'", "'extra'"));
    const { out } = await deploy();
    expect(out.match(/^deleted +CronJob +kt-nightly-\w+ +schedule$/gm)).toHaveLength(1);
    expect(out).toMatch(/extra \w{10}/);
    const { items } = await cluster.api.list<KubeObject & { spec: { schedule: string } }>(
      paths.cronJobs(cluster.namespace),
    );
    expect(items.map(({ spec }) => spec.schedule)).toEqual(['0 12 * * *']);
    await rm(join(dir, 'pipelines/extra.ts'));
    // A part of the project says nothing of the rest.
    expect((await deploy('nightly')).out).not.toMatch(/^deleted /m);
    expect((await deploy()).out).toMatch(/^deleted +ConfigMap +kt-deploy-extra-\w+ +deployment$/m);
    expectMistake(await kt(dir, ['submit', 'extra', ...cluster.args]), /extra/);
  });
});
