import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '@kube-transform/runtime';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../../../test/kit/stores.js';
import { type Ended, expectMistake, kt, project, runKt } from '../../../../test/kit/kt.js';

/** A project whose store has these files; what `kt files` says there. */
async function on(contents: Record<string, string>) {
  const dir = await project();
  const url = `file:${join(dir, 'data')}`;
  await mkdir(join(dir, 'data'));
  await using store = await openStore(url);
  for (const [key, content] of Object.entries(contents)) await store.put(key, bytes(content));
  const files = (...args: string[]): Promise<Ended> => runKt(dir, ['files', ...args, '--store', url]);
  return { dir, url, files };
}
const lines = (text: string): object[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as object);

const FEW = { 'a/1.csv': '1', 'a/b/2.csv': '22', 'a.txt': '333', 'kt-metadata/r/spec.json': '{}', z: '' };

describe('kt files ls', () => {
  test('names in their order, directories with "/"; what runs keep with --all', async () => {
    const { files } = await on(FEW);
    expect(await files('ls')).toEqual({ code: 0, out: 'a.txt\na/\nz\n', err: '' });
    expect((await files('ls', '--all')).out).toBe('a.txt\na/\nkt-metadata/\nz\n');
    expect((await files('ls', 'a')).out).toBe('1.csv\nb/\n');
    expect((await files('ls', 'a.txt')).out).toBe('a.txt\n');
    expect((await files('ls', 'a/**')).out).toBe('a/1.csv\na/b/2.csv\n');
    expect((await files('ls', '-l', 'a')).out).toMatch(
      /^ {6}1 B {2}\d{4}-\d\d-\d\dT[\d:]+Z {2}1\.csv\n {33}b\/\n$/,
    );
  });

  test('--json - an object a line, with whole paths', async () => {
    const { files } = await on(FEW);
    expect(lines((await files('ls', 'a', '--json')).out)).toEqual([
      {
        ...{ type: 'file', path: 'a/1.csv', bytes: 1 },
        ...{ modifiedAtMs: expect.any(Number) as number, etag: expect.any(String) as string },
      },
      { type: 'directory', path: 'a/b/' },
    ]);
  });

  test('what is not there - is a mistake; an empty store is none', async () => {
    const { files } = await on({});
    expect(await files('ls')).toEqual({ code: 0, out: '', err: 'Nothing is there.\n' });
    expectMistake(await files('ls', 'nothing'), /NOT_FOUND {2}nothing: There is no such file or directory/);
    expectMistake(await files('ls', '*.csv'), /NOT_FOUND {2}\*\.csv: No file matches it/);
    expectMistake(await files('ls', '../x'), /BAD_PATH .*leaves the store/);
    expectMistake(await files('ls', '/etc'), /BAD_PATH .*is absolute/);
  });

  test('names - are shown, and steer nothing', async () => {
    const { files } = await on({ 'a\u001b[2Jb': '1', 'two\nlines': '2', '%2e%2e': '3' });
    expect((await files('ls')).out).toBe('%2e%2e\na\\x1b[2Jb\ntwo\\nlines\n');
    expect((await files('tree')).out).toContain('two\\nlines  1 B\n');
  });
});

test('kt files tree - each directory before what is in it, down to a depth', async () => {
  const { files } = await on(FEW);
  expect((await files('tree')).out).toBe(
    'a.txt  3 B\na/\n  1.csv  1 B\n  b/\n    2.csv  2 B\nz  0 B\n2 directories, 4 files.\n',
  );
  expect((await files('tree', 'a', '--depth', '1')).out).toBe('1.csv  1 B\nb/\n1 directory, 2 files.\n');
  expect(lines((await files('tree', '--json')).out)).toMatchObject([
    { type: 'file', path: 'a.txt' },
    { type: 'directory', path: 'a/' },
    { type: 'file', path: 'a/1.csv' },
    { type: 'directory', path: 'a/b/' },
    { type: 'file', path: 'a/b/2.csv' },
    { type: 'file', path: 'z' },
  ]);
});

test('kt files du - of each directory, and of all', async () => {
  const { files } = await on(FEW);
  expect((await files('du')).out).toBe('      3 B        2 files  a/\n      6 B        4 files  .\n');
  expect(lines((await files('du', 'a', '--json')).out)).toEqual([
    { path: 'a/b/', files: 1, bytes: 2 },
    { path: 'a/', files: 2, bytes: 3 },
  ]);
});

describe('kt files cat', () => {
  test('for a person - text that steers nothing, line by line', async () => {
    const { files } = await on({ a: 'one\r\n\u001b[2Jtwo\nthree', b: 'x'.repeat(200_000) });
    expect((await files('cat', 'a')).out).toBe('one\n\\x1b[2Jtwo\nthree\n');
    expect((await files('cat', 'b')).out.replaceAll('\n', '')).toBe('x'.repeat(200_000));
  });

  test('to a pipe - bytes as they are, whole or a range, one file after the other', async () => {
    const { dir, url } = await on({ a: 'no end of line\u001b', b: '\r\nsecond' });
    const cat = async (...args: string[]): Promise<string> =>
      (await kt(dir, ['files', 'cat', ...args, '--store', url])).out;
    expect(await cat('a', 'b')).toBe('no end of line\u001b\r\nsecond');
    expect(await cat('a', 'b', '--bytes', '3-5')).toBe('endeco');
    expect(await cat('a', '--bytes', '12-')).toBe('ne\u001b');
  });

  test('--json - pieces in base64; a range that is none is refused', async () => {
    const { files } = await on({ a: 'hello' });
    expect(lines((await files('cat', 'a', '--json', '--bytes', '1-2')).out)).toEqual([
      { path: 'a', start: 1, base64: 'ZWw=' },
    ]);
    expectMistake(await files('cat', 'a', '--bytes', '5-2'), /Expected START-END/);
  });
});

describe('kt files get, put, cp and rm', () => {
  test('there and back, told a line each with --json', async () => {
    const { dir, files } = await on(FEW);
    expect((await files('get', 'a', 'down')).out).toBe('Got 2 files, 3 B.\n');
    expect(await readFile(join(dir, 'down/a/b/2.csv'), 'utf8')).toBe('22');
    expect((await files('get', 'a', 'down')).out).toBe('Got 0 files, 0 B, 2 there already.\n');
    const put = lines((await files('put', 'down/a', 'up', '--json', '--parallel', '1')).out);
    expect(put).toEqual([
      { action: 'put', path: 'down/a/1.csv', to: 'up/a/1.csv', bytes: 1 },
      { action: 'put', path: 'down/a/b/2.csv', to: 'up/a/b/2.csv', bytes: 2 },
      { action: 'done', files: 2, bytes: 3, skipped: 0, failed: 0 },
    ]);
    expect((await files('cp', 'up/a/1.csv', `file:${join(dir, 'elsewhere/x')}`)).out).toBe(
      'Copied 1 file, 1 B.\n',
    );
    expect(await readFile(join(dir, 'elsewhere/x'), 'utf8')).toBe('1');
    expect((await files('rm', '-r', 'up', '--dry-run')).out).toBe(
      'would delete up/a/1.csv\nwould delete up/a/b/2.csv\nWould delete 2 files, 3 B.\n',
    );
    expect((await files('rm', '-r', 'up')).out).toBe('Deleted 2 files, 3 B.\n');
  });

  test('mistakes - are told before anything is done', async () => {
    const { files } = await on(FEW);
    expectMistake(await files('put', 'package.json'), /BAD_OPTIONS .*not said where the file goes/);
    expectMistake(await files('rm', 'a'), /IS_DIRECTORY {2}a: It is a directory.*-r/);
    expectMistake(await files('put', 'package.json', 'kt-metadata/x'), /BAD_PATH .*`kt gc` deletes runs/);
    expectMistake(await files('rm', '--parallel', '0', 'a'), /whole number/);
    expectMistake(await files('lss'), /kt files: Unknown command "lss".*"ls"/);
  });

  test('the memory of another process - is no store for it', async () => {
    const dir = await project();
    expectMistake(await runKt(dir, ['files', 'ls', '--store', 'mem:']), /NO_STORE .*empty in every other/);
  });
});
