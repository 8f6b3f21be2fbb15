import { expect, test } from 'vitest';
import { hostOf, imageText, parseImage } from './image-name.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

test.each([
  ['node', { registry: 'docker.io', repository: 'library/node', tag: null, digest: null }],
  ['node:22-slim', { registry: 'docker.io', repository: 'library/node', tag: '22-slim', digest: null }],
  ['team/app', { registry: 'docker.io', repository: 'team/app', tag: null, digest: null }],
  ['localhost/app', { registry: 'localhost', repository: 'app', tag: null, digest: null }],
  [
    'registry.example:5000/team/app:v1',
    { registry: 'registry.example:5000', repository: 'team/app', tag: 'v1', digest: null },
  ],
  [
    `registry.example/a/b/c:v1@${DIGEST}`,
    { registry: 'registry.example', repository: 'a/b/c', tag: 'v1', digest: DIGEST },
  ],
])('parseImage, imageText - %s', (text, expected) => {
  expect(parseImage(text)).toEqual(expected);
  expect(parseImage(imageText(parseImage(text)))).toEqual(expected);
});

test.each(['', 'Team/App', 'a b', 'registry.example/', 'x@sha256:12'])(
  'parseImage - "%s" is not the name of an image',
  text => {
    expect(() => parseImage(text)).toThrow(/BAD_IMAGE|is not the name of an image/);
  },
);

test('hostOf - the API of Docker Hub is elsewhere', () => {
  expect(hostOf(parseImage('node'))).toBe('registry-1.docker.io');
  expect(hostOf(parseImage('ghcr.io/a/b'))).toBe('ghcr.io');
});
