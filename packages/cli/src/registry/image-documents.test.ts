import { expect, test } from 'vitest';
import { expectDoor, refusalOf } from '../../../../test/kit/door-laws.js';
import { parseImageConfig, parseIndex, parseManifest } from './image-documents.js';

const descriptor = {
  mediaType: 'm',
  digest: 'sha256:0',
  size: 5,
  platform: { os: 'linux', architecture: 'arm64', 'os.version': '1' },
};
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor], subject: { any: 1 } };
const index = { schemaVersion: 2, mediaType: 'i', manifests: [descriptor], annotations: { a: 'b' } };
const config = {
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
  history: [{ created: 'x' }],
  config: { Env: ['A=b'] },
};
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

test.each([
  ['a manifest', parseManifest, manifest],
  ['an index', parseIndex, index],
  ['a configuration', parseImageConfig, config],
] as const)('%s is passed on with all that it holds, or refused', (_, parse, document) => {
  const door = (value: unknown): unknown => parse(bytes(value), 'docker.io/library/node');
  expect(door(document)).toEqual(document);
  expectDoor(door, [document]);
});

test('what is no image says what it is not', () => {
  const refusal = (body: string): unknown =>
    refusalOf(() => parseManifest(Buffer.from(body), 'r.io/x:1'), null)?.problems;
  expect(refusal('<html>')).toMatchObject([
    {
      code: 'BAD_IMAGE',
      path: 'r.io/x:1',
      message: expect.stringContaining('This image manifest cannot be read: it is not JSON'),
    },
  ]);
  expect(refusal('{"layers":[]}')).toMatchObject([
    { path: 'r.io/x:1 config', message: expect.stringContaining('expected an object, but got nothing') },
  ]);
});
