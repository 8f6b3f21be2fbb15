/** What the URL of a container of Azure Blob Storage may say. */
import { isKtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { azLocationOf } from './az-url.js';

const problem = (url: string): string => {
  try {
    azLocationOf(url);
  } catch (error) {
    if (isKtError(error)) return `${error.code} ${error.message}`;
  }
  return 'taken';
};

test('an account, a container, a prefix and options - are read', () => {
  expect(azLocationOf('az://acct/data')).toEqual({
    ...{ account: 'acct', container: 'data', prefix: '', anonymous: false },
    endpoint: 'https://acct.blob.core.windows.net',
  });
  expect(azLocationOf('az://acct/data/a/b/?anonymous=true')).toMatchObject({
    prefix: 'a/b/',
    anonymous: true,
  });
});

test('the account - is in the path of a server that has it not in its name', () => {
  const endpointOf = (endpoint: string): string =>
    azLocationOf(`az://acct/data?endpoint=${endpoint}`).endpoint;
  expect(endpointOf('http://127.0.0.1:10000')).toBe('http://127.0.0.1:10000/acct');
  expect(endpointOf('https://acct.blob.core.chinacloudapi.cn/')).toBe(
    'https://acct.blob.core.chinacloudapi.cn',
  );
});

test.each([
  ['az:data', 'names no account'],
  ['az://a/data', 'names "a", as no account can be called'],
  ['az://acct', 'names no container'],
  ['az://acct/', 'names no container'],
  ['az://acct/Data', 'names "Data", as no container can be called'],
  ['az://acct/a--b', 'names "a--b", as no container can be called'],
  ['az://acct/data/../x', 'BAD_PATH'],
  ['az://acct/data?endpiont=x', 'did you mean "endpoint"?'],
  ['az://acct/data?endpoint=host:9000', 'endpoint=https://HOST:PORT'],
])('%s - is refused: %s', (url, said) => {
  expect(problem(url).toLowerCase()).toContain(said.toLowerCase());
});

test.each(['az://acct:hunter2@data/x', 'az://acct/data?sv=2021&sig=hunter2', 'az://acct/data?key=hunter2'])(
  'credentials - are refused, and not repeated (%#)',
  url => {
    expect(problem(url)).toMatch(/UNKNOWN_STORE/);
    expect(problem(url)).not.toContain('hunter2');
  },
);
