/** What the URL of a bucket may say. */
import { isKtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { s3LocationOf } from './s3-url.js';

const problem = (url: string): string => {
  try {
    s3LocationOf(url);
  } catch (error) {
    if (isKtError(error)) return `${error.code} ${error.message}`;
  }
  return 'taken';
};

test('a bucket, a prefix and options - are read', () => {
  expect(s3LocationOf('s3://data')).toMatchObject({ bucket: 'data', prefix: '', anonymous: false });
  expect(
    s3LocationOf(
      's3://data/a/b/?endpoint=http://host:9000&region=eu-1&pathStyle=false&anonymous=true&sse=aws:kms',
    ),
  ).toMatchObject({
    ...{ prefix: 'a/b/', endpoint: 'http://host:9000', region: 'eu-1', pathStyle: false },
    ...{ anonymous: true, sse: 'aws:kms' },
  });
});

test.each([
  ['s3:data', 'names no bucket'],
  ['s3:///data', 'names no bucket'],
  ['s3://b', 'names "b", as no bucket can be called'],
  ['s3://data/../x', 'BAD_PATH'],
  ['s3://data?regoin=eu', 'did you mean "region"?'],
  ['s3://data?anonymous=yes', 'Write anonymous=true or anonymous=false.'],
  ['s3://data?endpoint=host:9000', 'endpoint=https://HOST:PORT'],
  ['s3://data?sse=mine', 'Known: sse=AES256, sse=aws:kms.'],
])('%s - is refused: %s', (url, said) => {
  expect(problem(url).toLowerCase()).toContain(said.toLowerCase());
});

test.each(['s3://key:hunter2@data', 's3://data?secretAccessKey=hunter2', 's3://data?x=1&token=hunter2'])(
  'credentials - are refused, and not repeated (%#)',
  url => {
    expect(problem(url)).toMatch(/UNKNOWN_STORE/);
    expect(problem(url)).not.toContain('hunter2');
  },
);
