import { expect, test } from 'vitest';
import { readChallenge } from './registry-auth.js';

test.each([
  ['Basic realm="a \\"b\\""', { scheme: 'basic', parameters: { realm: 'a "b"' } }],
  [
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.example/token',
        service: 'registry.example',
        scope: 'repository:a/b:pull,push',
      },
    },
  ],
  [
    'bearer realm=https://a.example/t, service=x',
    { scheme: 'bearer', parameters: { realm: 'https://a.example/t', service: 'x' } },
  ],
  ['Negotiate', null],
  [null, null],
])('readChallenge - %s', (header, expected) => {
  expect(readChallenge(header)).toEqual(expected);
});
