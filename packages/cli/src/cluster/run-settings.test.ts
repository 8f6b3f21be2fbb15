/** Settings of a run: what is no store for runs, and what would stand in ConfigMaps for everyone to read. */
import { isKtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { settingsOf } from './run-settings.js';

const problem = (options: Parameters<typeof settingsOf>[0]): string => {
  try {
    settingsOf(options, 'jobs');
  } catch (error) {
    if (isKtError(error)) return `${error.code} ${error.problems[0]?.path ?? ''}`;
  }
  return 'taken';
};

test.each(['s3://bucket/x', 'gs://bucket', 'az://account/data'])('%s - needs no volume', store => {
  expect(problem({ store })).toBe('taken');
  expect(settingsOf({ store }, 'jobs')).toMatchObject({ store, volume: null });
});

test.each(['https://host/x', 'HTTP://host'])('%s - is no place for runs', store => {
  expect(problem({ store })).toBe('STORE_READ_ONLY --store');
});

test('a secret in the environment of a context - is refused, what is none is not', () => {
  const withEnv = (name: string): string =>
    problem({ store: 'gs://bucket', defaults: { env: { [name]: 'x' } } });
  for (const name of [
    'AWS_SECRET_ACCESS_KEY',
    'AZURE_STORAGE_KEY',
    'AZURE_CLIENT_SECRET',
    'GOOGLE_CREDENTIALS',
  ])
    expect(withEnv(name)).toBe(`SECRET_IN_ENV defaults.env.${name}`);
  for (const name of ['AWS_REGION', 'AZURE_CLIENT_ID', 'GOOGLE_APPLICATION_CREDENTIALS'])
    expect(withEnv(name)).toBe('taken');
});
