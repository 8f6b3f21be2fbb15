/** `kt import kube-transform`: what it writes is formatted, type-checks and has the steps of the document. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../kit/sources.js';
import { expectMistake, makeProject, run, runKt } from '../../kit/kt.js';

const strange = {
  "it's": 'a "q" and \'p\' \\ \n \u2028',
  ['__proto__']: 1,
  'a-b': [1, -2.5, 1e21, true, null],
  words: ['a'.repeat(45), 'b'.repeat(45), 'c'.repeat(20)],
  numbers: Array.from({ length: 40 }, (_, i) => 1000 + i),
  tables: [
    [1, 2],
    [3, 4],
  ],
  empty: [[], {}, ''],
  deep: { er: [{ x: 1, y: 2 }, { x: 3 }] },
};
const task = (name: string | null, args: object = {}) => ({ function: name, args });
const DOCUMENTS: Record<string, object[]> = {
  whole: [
    {
      type: 'static',
      name: 'report',
      dependencies: ['load', 'plan', 'mixed'],
      tasks: [task('out.report', strange)],
    },
    {
      type: 'static',
      name: 'load',
      memory: '2Gi',
      tasks: [task('my_module.load', { path: 'a' }), task('my_module.load', { path: 'b', n: 2 })],
    },
    {
      type: 'dynamic',
      name: 'plan',
      function: 'my_module.plan',
      args: { dir: 'raw' },
      dependencies: ['load'],
    },
    { type: 'static', name: 'mixed', tasks: [task('a.x'), task('b.x', { y: 1 }), task(null)] },
    { type: 'static', name: 'marker' },
    { type: 'static', dependencies: ['marker'], tasks: [{}] },
    { type: 'static', name: 'class', tasks: [task('m.default')] },
    { type: 'static', name: "it's ${x} */", tasks: [task('m.f'), task('m.f')] },
  ],
  one: [{ type: 'static', name: 'only', tasks: [task('m.f', { a: 1 })] }],
  several: [{ type: 'static', name: 'only', cpu: '1', tasks: [task('m.f', { a: 1 }), task('m.g')] }],
  none: [],
  dynamic: [
    { type: 'dynamic', name: 'only', function: 'a_module_with_a_long_name.which.has_a_long_function' },
  ],
  two: [
    { type: 'static', name: 'a', tasks: [task('m.f')] },
    { type: 'static', name: 'b', dependencies: ['a'], tasks: [task('m.f')] },
  ],
};

let dir: string;
beforeAll(async () => {
  const files = Object.entries(DOCUMENTS).map(([name, jobs]) => [
    `${name}.json`,
    JSON.stringify({ name, jobs }),
  ]);
  dir = await makeProject(Object.fromEntries(files) as Record<string, string>);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** What is written, by the name of its file. */
async function written(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of Object.keys(DOCUMENTS))
    for (const [kind, ...args] of [
      ['image', '--image', "ghcr.io/o'x/etl:7", '--interpreter', 'python3'],
      ['stubs'],
    ]) {
      const file = `pipelines/${name}-${kind}.ts`;
      const { code, err } = await runKt(dir, [
        'import',
        'kube-transform',
        `${name}.json`,
        ...args,
        '--out',
        file,
      ]);
      expect([code, err]).toEqual([0, '']);
      found.set(file, await readFile(join(dir, file), 'utf8'));
    }
  return found;
}

describe('kt import kube-transform', () => {
  test('writes files that are formatted, type-check, and pass kt check', async () => {
    const files = await written();
    expect(files.size).toBe(12);
    const options = {
      printWidth: 110,
      singleQuote: true,
      arrowParens: 'avoid',
      parser: 'typescript',
    } as const;
    for (const [file, text] of files) expect(text, file).toBe(await format(text, options));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    const checked = await run(process.execPath, [tsc, ...flags, '--skipLibCheck', ...files.keys()], { dir });
    expect(checked.out + checked.err).toBe('');
    for (const file of files.keys()) {
      const { code, err, out } = await runKt(dir, ['check', file]);
      expect([code, err], out).toEqual([0, '']);
    }
  }, 60_000);

  test('writes steps that call what the document calls, in its order', async () => {
    const { out } = await runKt(dir, [
      'import',
      'kube-transform',
      'whole.json',
      '--image',
      'x:1',
      '--out',
      '-',
    ]);
    const order = ['load', 'plan', 'mixed', 'marker', 'pipeline-whole-job-5', 'class', 'report'];
    const places = order.map(name => out.search(new RegExp(`\\.(pythons?|job|dynamic)\\(\\s*'${name}'`)));
    expect(places.every(place => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(out).toContain("after: ['load', 'plan', 'mixed']");
    expect(out).toContain('export const myModulePlan = ktFunction(');
    expect(out).not.toContain('myModuleLoad');
  });

  test('says what is left to be written', async () => {
    const args = ['import', 'kube-transform', 'two.json'];
    const { out } = await runKt(dir, args);
    expect(out).toContain(
      'Wrote pipelines/two.ts: 2 jobs of two.json.\n  to be written in TypeScript: m.f\n',
    );
    expectMistake(await runKt(dir, args), /FILE_EXISTS {2}pipelines\/two\.ts: The file exists already/);
  });

  test('refuses what is no document, and jobs that kube-transform has not', async () => {
    await writeFile(
      join(dir, 'map.json'),
      '{"name":"m","jobs":[{"type":"map","name":"m","items":[],"function":"a.b"}]}',
    );
    await writeFile(join(dir, 'broken.json'), '{"name":"m","jobs":[{"type":"static","dependencies":["x"]}]}');
    const refused = (file: string): ReturnType<typeof runKt> =>
      runKt(dir, ['import', 'kube-transform', file]);
    expectMistake(
      await refused('map.json'),
      /map\.json: jobs\[0\]\.type: A "map" job is none of kube-transform/,
    );
    expectMistake(await refused('broken.json'), /jobs\[0\]\.dependencies/);
    expectMistake(await refused('absent.json'), /absent\.json/);
  });
});
