/**
 * 10,000 generated bad specs and command lines: each gives a sentence with a path and exit code 2; no stack
 * trace, no hang.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { parsePipeline } from '@kube-transform/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { badDocument, VALID } from './bad-documents.js';
import { type Ended, expectMistake, kt, makeProject, runKt, SHAKY } from '../kit/kt.js';

const SENTENCE = /[.?!)`"]$/m;
const SLOW_MS = 2000;
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
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

function check(holds: boolean, what: string, detail: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(detail).slice(0, 1000)}`);
}

// `expect` is too slow for what is asked this often.
test('every bad document gives problems with a path and a sentence', () => {
  let refused = 0;
  fc.assert(
    fc.property(badDocument, ({ document, done }) => {
      const began = performance.now();
      const parsed = parsePipeline(document);
      check(performance.now() - began < SLOW_MS, 'slow', done);
      if (parsed.ok) {
        // What was accepted must be plain and whole: it survives JSON and is accepted again.
        const again = parsePipeline(JSON.parse(JSON.stringify(parsed.value)));
        check(again.ok, 'not accepted again', done);
        return;
      }
      refused++;
      const isRoot = typeof document !== 'object' || document === null || Array.isArray(document);
      check(parsed.problems.length > 0, 'no problems', done);
      for (const problem of parsed.problems) {
        const { code, path, message, hint } = problem;
        const said = { done, ...problem };
        check(/^[A-Z_]+$/.test(code), 'code', said);
        check(isRoot || path !== '', 'path', said);
        check(SENTENCE.test(message), 'no sentence', said);
        check(message.length < 25_000, 'long', said);
        check(
          !/\n\s+at |undefined is not|Cannot read prop|\[object Object\]/.test(message),
          'for programmers',
          said,
        );
        check(hint === undefined || SENTENCE.test(hint), 'hint', said);
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
  fc
    .constantFrom(
      ...[
        'gs:bucket',
        'gs://bucket?x',
        'az://bucket',
        'https://host/x',
        's3://bucket?regoin=eu',
        's3:bucket',
      ],
      ...['ftp:x', 'file:', 'nope:', '://'],
    )
    .map(store => ['runs', '--store', store]),
);

const REPORTED = /^(error|\u001b\[\d+merror\u001b\[\d+m) [A-Z_]+ {2}/;

function expectRefused({ code, out, err }: Ended, args: readonly string[]): void {
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
      const ended = await runKt(dir, args);
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
  const ended = await Promise.all(bad.map(args => runKt(dir, ['run', 'shaky', ...args])));
  bad.forEach((args, i) => expectRefused(ended[i] ?? expect.unreachable(), args));
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
  for (const ended of await Promise.all(commands.map(args => runKt(dir, args))))
    expectMistake(ended, SENTENCE);
  // Of each command one as a process; `run` has the first of the files.
  const each = commands.filter(([verb], i) => commands.findIndex(([first]) => first === verb) === i);
  expect(each).toHaveLength(9);
  for (let i = 0; i < each.length; i += 3) {
    const some = await Promise.all(each.slice(i, i + 3).map(args => kt(dir, args)));
    for (const ended of some) expectMistake(ended, SENTENCE);
  }
}, 60_000);
