/**
 * 10,000 generated bad specs and command lines: each gives a sentence with a path and exit code 2; no stack
 * trace, no hang.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { parsePipeline } from '@kube-transform/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../packages/cli/src/program.js';
import { badDocument, VALID } from './bad-documents.js';
import { expectMistake, kt, makeProject, SHAKY } from '../kit/kt.js';

const SENTENCE = /[.?!)`"]$/m;
const SLOW_MS = 2000;
const here = process.cwd();
let dir = '';

beforeAll(async () => {
  dir = await makeProject({
    'pipelines/shaky.ts': SHAKY,
    'valid.json': JSON.stringify(VALID),
    'broken.json': '{"name": ',
    'list.json': '[]',
    'notes.txt': 'x',
    fixed: '',
  });
  process.chdir(dir);
});
afterAll(async () => {
  process.chdir(here);
  await rm(dir, { recursive: true, force: true });
});

test('every bad document gives problems with a path and a sentence', () => {
  let refused = 0;
  fc.assert(
    fc.property(badDocument, ({ document, done }) => {
      const began = performance.now();
      const parsed = parsePipeline(document);
      expect(performance.now() - began, done).toBeLessThan(SLOW_MS);
      if (parsed.ok) {
        // What was accepted must be plain and whole: it survives JSON and is accepted again.
        const again = parsePipeline(JSON.parse(JSON.stringify(parsed.value)));
        expect(again.ok, done).toBe(true);
        return;
      }
      refused++;
      const isRoot = typeof document !== 'object' || document === null || Array.isArray(document);
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { code, path, message, hint } of parsed.problems) {
        expect(code).toMatch(/^[A-Z_]+$/);
        if (!isRoot) expect(path, `${done}: ${message}`).not.toBe('');
        expect(message, done).toMatch(SENTENCE);
        expect(message.length, done).toBeLessThan(25_000);
        expect(message, done).not.toMatch(/\n\s+at |undefined is not|Cannot read prop|\[object Object\]/);
        if (hint !== undefined) expect(hint, done).toMatch(SENTENCE);
      }
    }),
    { numRuns: 12_000 },
  );
  expect(refused).toBeGreaterThan(9000);
});

const word = fc.oneof(
  fc.constantFrom(
    'latest',
    'nope',
    '',
    '-',
    '--',
    '../..',
    '/etc/passwd',
    '__proto__',
    'constructor',
    'shaky#nope',
    'notes.txt',
    'broken.json',
    'list.json',
    'no/such.ts',
    'x'.repeat(5000),
    'a\u0000b',
    '💥',
    '%00',
    'a b',
  ),
  fc.string({ maxLength: 30 }),
);
const verb = fc.constantFrom(
  'status',
  'logs',
  'retry',
  'graph',
  'bundle',
  'run',
  'runs',
  'gc',
  'check',
  'completion',
);
const option = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }).map(text => `--${text.replaceAll(/[=\s]/g, '')}x`),
  fc.constantFrom(
    '--jsno',
    '--strore',
    '--keeep',
    '-q',
    '-Z',
    '--param',
    '--store',
    '--format',
    '--__proto__',
    '--constructor',
    '--no-json',
  ),
);
const badArguments: fc.Arbitrary<string[]> = fc.oneof(
  fc
    .tuple(
      fc
        .string({ minLength: 1 })
        .filter(
          text => !/^(-|init|help|run|runs|gc|check|status|logs|retry|graph|bundle|completion)/.test(text),
        ),
      fc.array(word, { maxLength: 3 }),
    )
    .map(([first, rest]) => [`z${first}`, ...rest]),
  fc
    .tuple(verb, fc.array(word, { maxLength: 2 }), option)
    .map(([name, words, flag]) => [name, ...words, flag]),
  fc
    .tuple(fc.constantFrom('status', 'logs', 'retry', 'graph', 'bundle'), fc.array(word, { maxLength: 3 }))
    .map(([name, words]) => [name, ...words]),
  word.map(value => ['gc', '--keep', `${value}z`]),
  word.map(value => ['gc', '--older-than', `${value}z`]),
  word.map(value => ['run', 'valid.json', '--jobs', `z${value}`]),
  word.map(value => ['run', 'valid.json', '--executor', `${value}z`]),
  word.map(value => ['run', 'valid.json', `z${value}`]),
  word.map(value => ['run', 'valid.json', '--run-id', `Z/${value}`]),
  word.map(value => ['run', '--resume', `z${value}`]),
  fc.constantFrom<string[][]>(
    ['run', 'broken.json'],
    ['run', 'list.json'],
    ['check', 'broken.json'],
    ['graph', 'list.json'],
    ['run'],
    ['run', '--resume', 'latest', 'valid.json'],
    ['completion'],
    ['completion', 'sh'],
  ),
  fc.constantFrom('s3://bucket', 'ftp:x', 'file:', 'nope:', '://').map(store => ['runs', '--store', store]),
);

const REPORTED = /^(error|\u001b\[\d+merror\u001b\[\d+m) [A-Z_]+ {2}/;

/** Runs a command line in this process. */
async function cli(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const ended = { code: 0, out: '', err: '' };
  ended.code = await runCli(args, {
    out: text => (ended.out += `${text}\n`),
    err: text => (ended.err += `${text}\n`),
    live: false,
    columns: 100,
  });
  return ended;
}

function expectRefused(
  { code, out, err }: { code: number; out: string; err: string },
  args: readonly string[],
): void {
  const what = JSON.stringify(args).slice(0, 300);
  expect(out + err, what).not.toMatch(/^\s+at |This is a bug|Cannot read prop/m);
  expect({ what, code, err }).toMatchObject({ code: 2, err: expect.stringMatching(REPORTED) });
  for (const line of err
    .trim()
    .split('\n')
    .filter(text => REPORTED.test(text)))
    expect(line, what).toMatch(SENTENCE);
}

test('every bad command line gives a sentence and exit code 2', async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(badArguments, async args => {
      const began = performance.now();
      const ended = await cli(args);
      expect(performance.now() - began, JSON.stringify(args)).toBeLessThan(10_000);
      const isFine =
        ended.code === 0 &&
        (args.includes('--') ||
          args.includes('-') ||
          args.some(arg => /^--?[hV]/.test(arg)) ||
          ['gc', 'runs', 'check'].includes(args[0] ?? ''));
      if (isFine) return;
      refused++;
      expectRefused(ended, args);
    }),
    { numRuns: 1200 },
  );
  expect(refused).toBeGreaterThan(1000);
}, 60_000);

test('parameters of the wrong type are refused', async () => {
  const bad = [
    ['--n', 'x'],
    ['--n'],
    ['--n', '[1]'],
    ['--n', ''],
    ['--label', 'c'],
    ['--label', ''],
    ['--lable', 'a'],
    ['--param', 'n'],
    ['--param', 'n=x'],
    ['--param', '=1'],
    ['--param', 'm=1'],
    ['--param', '__proto__=1'],
    ['two', 'words'],
  ];
  for (const args of bad) expectRefused(await cli(['run', 'shaky', ...args]), args);
}, 60_000);

test('bad documents and command lines end real processes with exit code 2', async () => {
  const samples = fc
    .sample(badDocument, { numRuns: 40, seed: 7 })
    .filter(({ document }) => !parsePipeline(JSON.parse(JSON.stringify(document))).ok);
  await mkdir(join(dir, 'bad'));
  const files = await Promise.all(
    samples.slice(0, 14).map(async ({ document }, i) => {
      await writeFile(join(dir, 'bad', `${i}.json`), JSON.stringify(document));
      return `bad/${i}.json`;
    }),
  );
  const commands = [
    ...files.map((file, i) => [['run', 'check', 'graph', 'bundle'][i % 4] ?? 'run', file]),
    ['status', 'x'],
    ['frobnicate'],
    ['gc', '--keep', 'x'],
    ['retry', 'latest', '--failed'],
    ['run', 'broken.json'],
    ['logs'],
  ];
  for (let i = 0; i < commands.length; i += 4) {
    const some = await Promise.all(commands.slice(i, i + 4).map(args => kt(dir, args)));
    for (const ended of some) expectMistake(ended, SENTENCE);
  }
}, 60_000);
