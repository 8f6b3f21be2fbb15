/** Functions of Python as steps in `testRun`, with a real Python in place of the container. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { each, ktFunction, type Json, pipeline, type PythonSpec, text } from '@kube-transform/sdk';
import { type FakeContainer, testRun } from '@kube-transform/runtime/testing';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';

const image = 'acme/etl:7';
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** More than a function may be given, and may return. */
const LONG = 100_001;
const FUNCTIONS = `import atexit, datetime, logging, os, subprocess, sys, threading, time
def clean(rows, by=1, **more):
    print('cleaning', end='')
    return {'rows': [row * by for row in rows], 'more': more}
def noisy(**args):
    logging.basicConfig(level=logging.INFO)
    logging.info('logged')
    print('{"no": "result"}')
    subprocess.run(['echo', 'of a child'])
    atexit.register(lambda: print('at the end'))
    def later():
        time.sleep(0.05)
        print('of a thread', file=sys.stderr)
    threading.Thread(target=later).start()
    return args
def dated():
    return [datetime.date(2026, 11, 28)]
def fails(**_):
    raise ValueError('no column "ünï"')
def strange():
    return {1, 2}
def endless():
    return float('nan')
def long(count):
    return 'x' * count
def ends(code):
    sys.exit(code)
`;

describe.skipIf(!hasPython)('functions of Python', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kt-python-'));
    await mkdir(join(dir, 'kt_functions', 'deep'), { recursive: true });
    await writeFile(join(dir, 'kt_functions', '__init__.py'), '');
    await writeFile(join(dir, 'kt_functions', 'deep', '__init__.py'), '');
    await writeFile(join(dir, 'kt_functions', 'deep', 'er.py'), 'def two():\n    return 2\n');
    await writeFile(join(dir, 'kt_functions', 'mod.py'), FUNCTIONS);
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** What the container would run, run here; `seen` is what it printed. */
  const real =
    (seen: string[] = []): FakeContainer =>
    ({ command, args, env, signal }) =>
      new Promise((resolve, reject) => {
        const [program = '', ...words] = command ?? [];
        // As of a pod with a locale that knows ASCII alone.
        const around = { PATH: process.env['PATH'], DATA_DIR: join(dir, 'data'), LC_ALL: 'POSIX', ...env };
        const child = spawn(program, [...words, ...args], { cwd: dir, env: around, signal });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output += `stderr: ${chunk.toString()}`));
        child.once('error', reject);
        child.once('close', exitCode => {
          seen.push(output);
          resolve({ exitCode: exitCode ?? 1, output });
        });
      });
  const called = async (spec: Omit<PythonSpec, 'image'>, retries = 0) => {
    const one = pipeline('one').python('it', { image, interpreter: 'python3', ...spec }, { retries });
    const seen: string[] = [];
    const run = await testRun(one, { containers: { it: real(seen) } });
    return { run, seen, cause: run.cause('it')?.message };
  };

  test('are called by name between functions of TypeScript, with results of steps as arguments', async () => {
    const rows = ktFunction(async ({ n }: { n: number }) => [n, n + 1]);
    const sum = ktFunction(
      async ({ cleaned, ...given }: { cleaned: { rows: number[] } | null; each: (Json | null)[] }) =>
        (cleaned?.rows.length ?? 0) + given.each.length,
    );
    const odd = `$(HOME) "q" \\ 'x' ünï — 😀 \u0000 \u2028\n--rm`;
    const etl = pipeline('etl', { params: z.object({ by: z.number() }) })
      .job('rows', rows, () => ({ n: 4 }))
      .python('cleaned', ({ rows, params }) => ({
        image,
        interpreter: 'python3',
        function: 'mod.clean',
        args: { rows, by: params.by, odd, nested: [{ at: rows.at(1) }], day: text`day ${params.by}` },
        output: z.object({ rows: z.array(z.number()), more: z.unknown() }),
      }))
      .pythons('each', ({ rows }) =>
        rows.each((row, index) => ({
          image,
          interpreter: 'python3',
          function: 'mod.noisy',
          args: { row, index },
        })),
      )
      .job('sum', sum, ({ cleaned, each }) => ({ cleaned, each }));
    const seen: string[] = [];
    const run = await testRun(etl, { params: { by: 10 }, containers: { cleaned: real(), each: real(seen) } });
    expect(run.status, JSON.stringify([run.cause('cleaned'), run.cause('each')])).toBe('Completed');
    expect(run.result('cleaned')).toEqual({
      rows: [40, 50],
      more: { odd, nested: [{ at: 5 }], day: 'day 10' },
    });
    expectTypeOf(run.result('cleaned')).toEqualTypeOf<{ rows: number[]; more: unknown } | null>();
    expect(run.result('sum')).toBe(4);
    expect(run.result('each')).toEqual([
      { row: 4, index: 0 },
      { row: 5, index: 1 },
    ]);
    for (const word of ['logged', 'of a child', 'at the end', 'of a thread']) expect(seen[0]).toContain(word);
    // One stream, so that the result is the last line of all.
    expect(seen[0]).not.toContain('stderr: ');
  });

  test('may be another each time, of a module within a module, and give nothing', async () => {
    const tasks = [
      { function: 'mod.dated', args: {} },
      { function: 'deep.er.two', args: {} },
      { function: 'mod.ends', args: { code: 0 } },
    ];
    const many = pipeline('many').pythons('it', () =>
      each(tasks, task => ({ image, interpreter: 'python3', function: task.function, args: task.args })),
    );
    const run = await testRun(many, { containers: { it: real() } });
    expect(run.result('it')).toEqual([['2026-11-28'], 2, null]);
  });

  test('that throw fail with the last line of the traceback', async () => {
    const { cause, run } = await called({ function: 'mod.fails' }, 1);
    expect(cause).toMatch(/exit code 1\. It said: .*ValueError: no column ".*n.*"$/);
    expect(run.attempts('it')).toBe(2);
  });

  test.each([
    ['mod.none', {}, "has no attribute 'none'"],
    ['none.clean', {}, "No module named 'kt_functions.none'"],
    ['mod.clean', {}, "missing 1 required positional argument: 'rows'"],
    ['mod.strange', {}, 'the result of mod.strange holds a set, which is no JSON'],
    ['mod.endless', {}, 'not JSON compliant'],
    ['mod.long', { count: LONG }, 'has 100003 bytes as JSON, and may have 100000'],
  ])('%s of %j fails: %s', async (name, args, why) => {
    expect((await called({ function: name, args })).cause).toContain(why);
  });

  test('of which nothing is wanted may return what they like', async () => {
    const { run } = await called({ function: 'mod.strange', result: 'none' });
    expect([run.status, run.result('it')]).toEqual(['Completed', null]);
  });

  test('end with a code of their own, which may mean that there was nothing to do', async () => {
    const { cause } = await called({ function: 'mod.ends', args: { code: 7 } });
    expect(cause).toContain('ended with exit code 7');
    const skipped = await called({
      function: 'mod.ends',
      args: { code: 99 },
      exitCodes: { skip: [99] },
    });
    expect(skipped.run.status).toBe('Completed');
  });

  test('write large results to the file store', async () => {
    const spec = { image, interpreter: 'python3', function: 'mod.long', args: { count: LONG } } as const;
    const large = pipeline('large').python('it', { ...spec, result: { key: 'out/deep/er.json' } });
    const it: FakeContainer = async call => {
      const end = await real()(call);
      await call.files.write('out/deep/er.json', await readFile(join(dir, 'data', 'out/deep/er.json')));
      return end;
    };
    const run = await testRun(large, { containers: { it } });
    expect(run.result('it')).toBe('x'.repeat(LONG));
  });

  test('are not begun with more than 100,000 bytes of arguments', async () => {
    const { cause, seen } = await called({ function: 'mod.noisy', args: { x: 'ü'.repeat(50_000) } });
    expect(cause).toContain('its JSON has 100008 bytes, and may have 100000; write it to a file');
    expect(seen).toEqual([]);
  });
});

describe('a step of Python', () => {
  test.each([
    [{ image }, 'does not say which function'],
    [{ image, function: 'clean' }, 'calls "clean", which is no dotted name'],
    [{ image, function: '../x.clean' }, 'calls "../x.clean", which is no dotted name'],
    [{ image, function: 'a.b', result: 'text' }, 'has a result other than'],
    [null, 'does not say which function'],
  ])('is refused where it is %j', (spec, why) => {
    expect(() => pipeline('one').python('it', spec as never)).toThrow(why);
  });

  test('is a container job in the document', () => {
    const one = pipeline('one', { params: z.object({ day: z.string() }) }).python('it', ({ params }) => ({
      image,
      function: 'mod.clean',
      args: { day: params.day },
    }));
    expect(one.toSpec().jobs?.[0]).toMatchObject({
      type: 'container',
      container: {
        image,
        command: ['python', '-c', expect.any(String) as string],
        args: ['kt_functions', 'mod.clean', { $json: { day: { $ref: 'params#/day' } } }, 'json'],
        result: 'json',
      },
    });
  });
});
