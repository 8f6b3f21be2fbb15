import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { changed, expectDoor, refusalOf, requiredFields } from '../../../../../test/kit/door-laws.js';
import { tryJson } from '../../parse/parse-json.js';
import { VERSION } from '../../parse/version.js';
import type { ConfigMap } from '../api/objects.js';
import { clusterSettings } from './cluster-settings.js';
import { filesOf } from './config-map-files.js';
import { readVersion, VERSION_FORMAT, versionConfigMaps, versionOf } from './deployed-version.js';
import { readRecordFiles, readRunConfig, recordFiles, RUN_CONFIG, type RunConfig } from './run-config.js';

const settings = clusterSettings({
  namespace: 'ns',
  store: 'file:/mnt/data',
  volume: { claim: 'data', mountPath: '/mnt/data' },
  defaults: { nodeSelector: { a: 'b' } },
  env: { A: 'b' },
});
const source = { pipeline: 'p.ts', functions: ['f.ts'], digest: 'd' };
const config: RunConfig = {
  runId: 'r',
  pipeline: 'p',
  kind: 'retry',
  from: 'old',
  digest: 'd',
  bundleParts: 2,
  settings,
  createdAtMs: 5,
  source,
  version: 'v1',
  schedule: 'kt-p-1',
};
const spec = {
  name: 'p',
  jobs: [{ type: 'map' as const, name: 'a', function: 'm.f', items: { $ref: 'params#/n' } }],
};
const version = versionOf({
  spec,
  params: { type: 'object' },
  defaults: null,
  digest: 'd',
  bundleParts: 1,
  settings,
  source,
});
const inMap = (data: Record<string, string>): ConfigMap => ({ metadata: { name: 'kt-r' }, data });
const NEWER = { format: 3, kt: '0.9.0' };

async function folder(files: ReadonlyMap<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-formats-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [name, body] of files) await writeFile(join(dir, name), body);
  return dir;
}

test('the configuration of a run is read as it was written, or refused', () => {
  expect(readRunConfig(inMap({ 'run.json': RUN_CONFIG.text(config) }))).toEqual(config);
  expect(RUN_CONFIG.text(config)).toMatch(new RegExp(`^\\{"format":1,"kt":"${VERSION}","runId"`));
  expect(readRunConfig(inMap({ other: '' }))).toBeNull();
  const door = (value: unknown): unknown => RUN_CONFIG.check(value, 'f');
  const hostPath = changed(config, ['settings', 'volume'], { hostPath: '/x', mountPath: '/mnt/data' });
  expectDoor(door, [config, hostPath, changed(config, ['settings', 'volume'], null)]);
  expect(requiredFields(door, config)).toEqual(
    Object.keys(config).filter(key => key !== 'version' && key !== 'schedule'),
  );
});

test.each([
  [
    NEWER,
    'NEWER_FORMAT',
    'configmap/kt-r run.json',
    `This run was written in format 3 by a newer kt (0.9.0); this kt ${VERSION} reads formats up to 1.`,
  ],
  [
    { ...config, digest: 7 },
    'BAD_RUN',
    'configmap/kt-r run.json digest',
    'This run cannot be read: expected text, but got 7.',
  ],
])('a ConfigMap of a run that this kt does not read is refused - %#', (value, code, path, message) => {
  const refusal = refusalOf(() => readRunConfig(inMap({ 'run.json': JSON.stringify(value) })), null);
  expect(refusal?.problems).toMatchObject([{ code, path, message }]);
});

test('a deployed version is read as it was written, or refused', () => {
  const files = new Map(
    versionConfigMaps(version, { project: 'x', namespace: 'ns' }).flatMap(map => [...filesOf(map)]),
  );
  expect(readVersion(files, 'f')).toEqual(version);
  expect(readVersion(new Map(), 'f')).toBeUndefined();
  expect(tryJson(Buffer.from(files.get('version.json') ?? '').toString())).toMatchObject({
    format: 1,
    version: version.version,
  });
  const door = (value: unknown): unknown => VERSION_FORMAT.check(value, 'f');
  expectDoor(door, [version, { ...version, defaults: { n: [1] }, source: null }]);
  expect(requiredFields(door, version)).toEqual(Object.keys(version));
});

test('a deployed version that this kt does not read is refused', () => {
  const files = (text: string): Map<string, Uint8Array> => new Map([['version.json', Buffer.from(text)]]);
  expect(
    refusalOf(() => readVersion(files(JSON.stringify(NEWER)), 'version v of p'), null)?.problems,
  ).toMatchObject([
    {
      code: 'NEWER_FORMAT',
      path: 'version v of p',
      message: expect.stringMatching(/^This deployed version was written in format 3 by a newer kt/),
    },
  ]);
  expect(refusalOf(() => readVersion(files('{"pipel'), 'version v of p'), null)?.problems).toMatchObject([
    { code: 'BAD_VERSION', path: 'version v of p', hint: 'Deploy it again: kt deploy.' },
  ]);
  const circle = changed(version, ['spec', 'jobs', 0, 'dependencies'], ['a']);
  expect(refusalOf(value => VERSION_FORMAT.check(value, 'f'), circle)?.message).toContain(
    'depends on itself',
  );
});

test('the record of a run comes through its ConfigMaps', async () => {
  const record = {
    runId: 'r',
    pipeline: mustParsePipeline({ name: 'p' }),
    params: {},
    createdAtMs: 1,
    source: null,
    retryOf: null,
  };
  const dir = await folder(recordFiles(record));
  expect(await readRecordFiles(dir)).toEqual(record);
  const none = await folder(new Map());
  await expect(readRecordFiles(none)).rejects.toMatchObject({ code: 'BAD_RUN' });
  const newer = await folder(new Map([['record.json.gz', gzipSync(JSON.stringify(NEWER))]]));
  await expect(readRecordFiles(newer)).rejects.toMatchObject({ code: 'NEWER_FORMAT' });
  const torn = await folder(new Map([['record.json.gz', gzipSync('{}').subarray(0, 12)]]));
  await expect(readRecordFiles(torn)).rejects.toMatchObject({ code: 'BAD_RUN' });
});
