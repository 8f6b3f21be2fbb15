/** Parameters as flags: what `kt check` passes `kt run` accepts, and the other way round. */
import { expect, test } from 'vitest';
import { expectMistake, project, runKt } from '../../kit/kt.js';

const pipelineOf = (name: string, params: string): string => `
import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const show = ktFunction(({ p }: { p: unknown }) => p);
const params = z.object({ ${params} });
export default pipeline('${name}', { params }).job('show', show as never, (({ params }: { params: unknown }) => ({ p: params })) as never);
`;
const resultOf = (out: string): unknown => JSON.parse(/^\{[\s\S]*?^\}/m.exec(out)?.[0] ?? 'null');

test('a parameter whose flag begins with --no- - means itself', async () => {
  const text = pipelineOf('no-flag', 'noCache: z.boolean().optional(), notify: z.boolean().default(false)');
  const dir = await project({ 'no-flag.ts': text });
  const results = [];
  for (const flags of [[], ['--no-cache'], ['--no-cache=false', '--notify']]) {
    const { out } = await runKt(dir, ['run', 'no-flag.ts', ...flags]);
    results.push(resultOf(out));
  }
  expect(results).toEqual([
    { notify: false },
    { noCache: true, notify: false },
    { noCache: false, notify: true },
  ]);
  for (const verb of ['run', 'submit']) {
    const { out } = await runKt(dir, [verb, 'no-flag.ts', '--help']);
    expect(out).toMatch(/^ {2}--no-cache \[true\|false\]$/m);
  }
});

test('parameters of one flag, and those that are options of kt - are all reached', async () => {
  const names = ['fooBar', "'foo-bar'", 'json', 'store', 'image', "'a b'"];
  const text = pipelineOf('names', names.map(name => `${name}: z.string()`).join(', '));
  const dir = await project({ 'names.ts': text });
  const typed = [
    '--fooBar',
    '1',
    '--foo-bar=2',
    '--param',
    'json=3',
    '--param',
    'store=4',
    '--store',
    'file:s',
  ];
  const ran = await runKt(dir, ['run', 'names.ts', ...typed, '--param', 'image=5', '--param', 'a b=6']);
  expect(resultOf(ran.out)).toEqual({
    ...{ fooBar: '1', 'foo-bar': '2', json: '3', store: '4', image: '5', 'a b': '6' },
  });
  expectMistake(
    await runKt(dir, ['run', 'names.ts', '--image', 'x']),
    /UNKNOWN_OPTION .*"--image".* --param json=…, --param store=…, --param image=…, --param 'a b'=…/,
  );
  const { code, out } = await runKt(dir, ['check', 'names.ts']);
  expect([code, out]).toEqual([0, expect.stringContaining('--param store=<string>  (required)')]);
});

test.each([
  ['z.coerce.date().optional()', /"from" of pipeline "p" is read as a date, .* Write z\.iso\.date\(\)/],
  ['z.custom<Map<string, 1>>().default(new Map())', /p\.params\.from: A default .* an instance of Map\./],
])('a parameter %s - is refused alike by check, run and submit', async (type, sentence) => {
  const dir = await project({ 'p.ts': pipelineOf('p', `from: ${type}, top: z.number().default(3)`) });
  for (const args of [
    ['check', 'p.ts'],
    ['submit', 'p.ts', '--help'],
    ['run', 'p.ts', '--top', '4'],
    ['run', 'p.ts', '--from', '2026-01-02'],
  ]) {
    const { code, out, err } = await runKt(dir, args);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(sentence) as string });
    expect(err + out).not.toMatch(/This is a bug|^\s+at /m);
  }
});

test('a parameter whose value is no JSON, or whose schema throws - is named', async () => {
  const text = pipelineOf(
    'p',
    'when: z.string().transform(text => new Date(text)).optional(), list: z.string().transform(text => JSON.parse(text)).optional()',
  );
  const dir = await project({ 'p.ts': text });
  const dated = await runKt(dir, ['run', 'p.ts', '--when', '2026-01-02']);
  expectMistake(dated, /BAD_PARAM {2}params\.when: .* not JSON: an instance of Date\. Keep the text/);
  const thrown = await runKt(dir, ['run', 'p.ts', '--list', '[']);
  expectMistake(thrown, /BAD_PARAM {2}params: The schema of the parameters threw: .*JSON/);
});

test('a function that a document or a pipeline calls and nobody exports - is refused before a job runs', async () => {
  const task = (name: string): object => ({ name, type: 'static', tasks: [{ function: name, args: {} }] });
  const dir = await project({
    'fns.ts': `import { ktFunction } from '@kube-transform/sdk';
export const first = ktFunction(async (_: object, { files }) => { await files.write('ran', ''); return 1; });`,
    'spec.json': JSON.stringify({ name: 'doc', jobs: [task('fns.first'), task('fns.frist')] }),
    'own.ts': `import { ktFunction, pipeline } from '@kube-transform/sdk';
const hidden = ktFunction({ name: 'hidden' }, async () => 1);
export default pipeline('own').job('a', hidden);`,
  });
  const asked = (verb: string): string[] => [verb, 'spec.json', '--functions', 'fns.ts'];
  const unknown = /UNKNOWN_FUNCTION .*calls the function "fns\.frist".* Did you mean "fns\.first"\?/;
  expectMistake(await runKt(dir, asked('run')), unknown);
  expect(await runKt(dir, asked('check'))).toMatchObject({ code: 2, err: expect.stringMatching(unknown) });
  expectMistake(await runKt(dir, ['run', 'spec.json']), /Give the modules that export it: --functions/);
  for (const verb of ['check', 'run']) {
    const { code, err } = await runKt(dir, [verb, 'own.ts']);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('NOT_EXPORTED') });
  }
  expect((await runKt(dir, ['runs'])).out).toContain('There are no runs');
});
