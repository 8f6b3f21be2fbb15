/** `kt init` makes a project that works, and `kt check` finds what is wrong. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectMistake, project, run, runKt, SHAKY } from '../kit/kt.js';

test('kt init makes a project that checks, tests and runs at once', async () => {
  const dir = await project();
  const made = await runKt(dir, ['init', 'new-project']);
  expect(made.code).toBe(0);
  expect(made.out).toContain('  cd new-project\n  npm install\n  npm test\n  npx kt run hello');
  const inside = join(dir, 'new-project');
  const { version } = JSON.parse(
    await readFile(new URL('../../packages/cli/package.json', import.meta.url), 'utf8'),
  );
  const manifest = JSON.parse(await readFile(join(inside, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: 'new-project',
    type: 'module',
    dependencies: { '@kube-transform/sdk': `^${version}` },
  });
  expect(await readFile(join(inside, '.gitignore'), 'utf8')).toContain('kt-metadata/');
  const [tested, typed, checked, ran] = await Promise.all([
    run(process.execPath, ['../node_modules/vitest/vitest.mjs', 'run'], { dir: inside }),
    run(process.execPath, ['../node_modules/typescript/bin/tsc', '--noEmit'], { dir: inside }),
    runKt(inside, ['check', '--json']),
    runKt(inside, ['run', 'hello', '--top', '1']),
  ]);
  expect(tested).toMatchObject({ code: 0 });
  expect(typed).toEqual({ code: 0, out: '', err: '' });
  expect(JSON.parse(checked.out)).toMatchObject({
    ok: true,
    files: [{ file: 'pipelines/hello.ts', pipelines: [{ name: 'hello' }] }],
  });
  expect(ran.code).toBe(0);
  expect(ran.out).toContain('"the": 4');
  const again = await runKt(dir, ['init', 'new-project']);
  expectMistake(again, /FILE_EXISTS {2}new-project\/package\.json: The file exists already/);
});

test('kt check lists what there is', async () => {
  const decorated = `import { ktFunction } from '@kube-transform/sdk';
export class Steps {
  @ktFunction({ name: 'own.name' }) static async one() { return 1; }
  @ktFunction() async two() { return 2; }
}`;
  const dir = await project({
    'pipelines/shaky.ts': SHAKY,
    'pipelines/steps.ts': decorated,
    'pipelines/shaky.test.ts': 'throw new Error()',
    'tsconfig.json': '{"compilerOptions":{"experimentalDecorators":true}}',
  });
  const { code, out } = await runKt(dir, ['check']);
  expect(code).toBe(0);
  expect(out).toContain(
    '✓ pipelines/shaky.ts\n  pipeline "shaky"\n    steps:\n      list (static)\n      work (map) after list\n      report (static) after work\n    params:\n      --n <number>  (default: 7)',
  );
  expect(out).toContain('own.name (static method)');
  expect(out).toContain('steps.Steps.two (method)');
  expect(out).toContain('shaky.work (function, checked input)');
  expect(out).toContain('No problems in 2 files.');
});

test('kt check tells everything that is wrong', async () => {
  const document = {
    name: 'd',
    jobs: [
      { type: 'static', name: 'a', tasks: [{ function: 'shaky.wrok' }] },
      { type: 'map', name: 'm', function: 'shaky.work', items: { $ref: 'a#/0' }, dependencies: [] },
    ],
  };
  const dir = await project({
    'pipelines/shaky.ts': SHAKY,
    'pipelines/hidden.ts': SHAKY.replaceAll('export const', 'const').replace("'shaky'", "'hidden'"),
    'pipelines/throws.ts': "throw new Error('no key')",
    'pipelines/typo.ts': "import { x } from './nowhere.js'; export default x;",
    'doc.json': JSON.stringify(document),
    'bad.json': JSON.stringify({
      name: 'b',
      jobs: [
        { type: 'static', name: 'a', memory: 'lots', dependencies: ['c'] },
        { type: 'statik', tusks: [] },
      ],
    }),
    'worse.json': '{"name": ',
    'empty/package.json': '{}',
  });
  const [all, doc, unchecked, bad, worse, empty, json] = await Promise.all([
    runKt(dir, ['check']),
    runKt(dir, ['check', 'doc.json', '--functions', 'shaky']),
    runKt(dir, ['check', 'doc.json']),
    runKt(dir, ['check', 'bad.json']),
    runKt(dir, ['check', 'worse.json']),
    runKt(join(dir, 'empty'), ['check']),
    runKt(dir, ['check', 'bad.json', '--json']),
  ]);
  expectMistake(all, /NOT_EXPORTED {2}pipelines\/hidden\.ts: hidden: .*hidden\.list.* Export it/);
  expect(all.err).toMatch(/MODULE_FAILED {2}throws: throws: .*no key/);
  expect(all.err).toMatch(
    /BUNDLE_FAILED {2}typo: pipelines\/typo\.ts:1:\d+: Could not resolve "\.\/nowhere\.js"\./,
  );
  expect(all.err).toMatch(/5 problems in 3 files\./);
  expectMistake(
    doc,
    /doc\.json: jobs\[0\]\.tasks\[0\]\.function: Step "a" calls the function "shaky\.wrok".* Did you mean "shaky\.work"\?/,
  );
  expect(doc.err).toMatch(
    /REF_WITHOUT_DEPENDENCY {2}doc\.json: jobs\[1\]\.items: .*Add "a" to its dependencies\./,
  );
  expectMistake(unchecked, /REF_WITHOUT_DEPENDENCY/);
  expect(unchecked.err).not.toContain('UNKNOWN_FUNCTION');
  expectMistake(bad, /jobs\[0\]\.memory: .*"lots"/);
  expect(bad.err).toMatch(/jobs\[1\]\.type: .*"statik"/);
  expectMistake(worse, /worse\.json: This document cannot be read: it is not JSON/);
  expectMistake(empty, /There are no pipelines in pipelines\//);
  expect(json.code).toBe(2);
  expect(JSON.parse(json.out)).toMatchObject({ ok: false, files: [{ file: 'bad.json' }] });
});
