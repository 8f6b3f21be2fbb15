/** What the URL of a bucket of Google Cloud Storage may say. */
import { isKtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { gsLocationOf } from './gs-url.js';

const problem = (url: string): string => {
  try {
    gsLocationOf(url);
  } catch (error) {
    if (isKtError(error)) return `${error.code} ${error.message}`;
  }
  return 'taken';
};

test('a bucket, a prefix and options - are read', () => {
  expect(gsLocationOf('gs://data')).toEqual({
    ...{ bucket: 'data', prefix: '', endpoint: 'https://storage.googleapis.com', anonymous: false },
  });
  expect(gsLocationOf('GS://my.data/a/b/?endpoint=http://host:9000/&anonymous=true&userProject=p')).toEqual({
    ...{ bucket: 'my.data', prefix: 'a/b/', endpoint: 'http://host:9000', anonymous: true, userProject: 'p' },
  });
});

test.each([
  ['gs:data', 'names no bucket'],
  ['gs:///data', 'names no bucket'],
  ['gs://b', 'names "b", as no bucket can be called'],
  ['gs://Data', 'names "Data", as no bucket can be called'],
  ['gs://data/../x', 'BAD_PATH'],
  ['gs://data/a//b', 'BAD_PATH'],
  ['gs://data?endpiont=x', 'did you mean "endpoint"?'],
  ['gs://data?anonymous=yes', 'Write anonymous=true or anonymous=false.'],
  ['gs://data?endpoint=host:9000', 'endpoint=https://HOST:PORT'],
])('%s - is refused: %s', (url, said) => {
  expect(problem(url).toLowerCase()).toContain(said.toLowerCase());
});

test.each(['gs://me:hunter2@data', 'gs://data?token=hunter2', 'gs://data?x=1&key=hunter2'])(
  'credentials - are refused, and not repeated (%#)',
  url => {
    expect(problem(url)).toMatch(/UNKNOWN_STORE/);
    expect(problem(url)).not.toContain('hunter2');
  },
);
