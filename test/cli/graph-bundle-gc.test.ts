/** `kt graph`, `kt bundle` and `kt gc`. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownName } from '../../packages/runtime/src/process/process-identity.js';
import { expectMistake, project, runKt, SHAKY } from '../kit/kt.js';

const DOCUMENT = JSON.stringify({
  name: 'odd <names> & "quotes"',
  jobs: [
    { type: 'static', name: 'a "b" <c> & d', tasks: [{ function: 'f' }, { function: 'g' }] },
    { type: 'map', name: 'm]] --> x', function: 'f', items: [1], dependencies: ['a "b" <c> & d'] },
    { type: 'dynamic', name: 'grow', function: 'h', dependencies: ['m]] --> x', 'a "b" <c> & d'] },
  ],
});

test('kt graph - draws in three ways, each time the same', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, 'odd.json': DOCUMENT });
  const [mermaid, odd, dot, svg, again, file] = await Promise.all([
    runKt(dir, ['graph', 'shaky']),
    runKt(dir, ['graph', 'odd.json']),
    runKt(dir, ['graph', 'odd.json', '--format', 'dot']),
    runKt(dir, ['graph', 'odd.json', '--format', 'svg']),
    runKt(dir, ['graph', 'odd.json', '--format', 'svg']),
    runKt(dir, ['graph', 'odd.json', '--out', 'deep/er/odd.svg']),
  ]);
  expect(mermaid.out).toBe(
    'flowchart LR\n  j0["list<br/><small>shaky.list</small>"]\n  j1[["work<br/><small>map shaky.work</small>"]]\n  j2["report<br/><small>shaky.report</small>"]\n  j0 --> j1\n  j1 --> j2\n',
  );
  expect(odd.out).toContain('j1[["m#93;#93; --#62; x<br/>');
  expect(odd.out).toContain('j2{{"grow<br/><small>dynamic h</small>"}}');
  expect(dot.out).toContain('j0 [label="a \\"b\\" <c> & d\\n2 tasks", shape=box];');
  expect(dot.out).toContain('j1 -> j2;');
  expect(svg.out).toContain('a &quot;b&quot; &lt;c&gt; &amp; d');
  expect(
    svg.out.replaceAll(/<(\/?)(svg|title|defs|marker|path|g|rect|text|polygon)\b[^<>]*>/g, ''),
  ).not.toMatch(/[<>]/);
  expect(svg.out.match(/marker-end/g)).toHaveLength(3);
  expect(again.out).toBe(svg.out);
  expect(file.out).toBe('Wrote deep/er/odd.svg.\n');
  expect(await readFile(join(dir, 'deep/er/odd.svg'), 'utf8')).toBe(svg.out);
  expectMistake(
    await runKt(dir, ['graph', 'shaky', '--format', 'png']),
    /Allowed choices are mermaid, dot, svg/,
  );
  expectMistake(
    await runKt(dir, ['graph', 'shakey']),
    /There is no pipeline "shakey".*Did you mean "shaky"\?/,
  );
  expectMistake(
    await runKt(dir, ['graph', 'shaky', '--out', 'package.json/x.svg']),
    /package\.json\/x\.svg: The file cannot be written/,
  );
});

test('kt bundle - shows functions and sizes', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, 'doc.json': '{"name":"doc"}' });
  const [text, json, none] = await Promise.all([
    runKt(dir, ['bundle', 'shaky', '--analyze']),
    runKt(dir, ['bundle', 'shaky', '--json']),
    runKt(dir, ['bundle', 'doc.json']),
  ]);
  const bundle = JSON.parse(json.out) as {
    digest: string;
    dir: string;
    sizes: { worker: number; total: number; gzip: number };
  };
  expect(bundle).toMatchObject({
    digest: expect.stringMatching(/^[0-9a-f]{16}$/),
    functions: ['shaky.list', 'shaky.report', 'shaky.work'],
  });
  expect(await readdir(bundle.dir)).toContain('worker.mjs');
  expect(bundle.sizes.worker).toBeLessThan(bundle.sizes.total);
  expect(bundle.sizes.gzip).toBeLessThan(bundle.sizes.total);
  expect(text.out).toMatch(new RegExp(`bundle ${bundle.digest} in `));
  expect(text.out).toMatch(/% +zod\n/);
  expect(text.out).toMatch(/% +pipelines\/shaky\.ts\n/);
  expectMistake(none, /--functions: A document has no functions/);
});

test('kt gc - deletes what is old and nothing else', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, fixed: '' });
  for (const id of ['r1', 'r2', 'r3'])
    expect((await runKt(dir, ['run', 'shaky', '--run-id', id])).code).toBe(0);
  const old = new Date(Date.now() - 25 * 3_600_000);
  const halfDay = new Date(Date.now() - 12 * 3_600_000);
  for (const made of ['bundles/0000000000000000', 'images/1111111111111111', 'native/linux-x64-glibc'])
    await mkdir(join(dir, '.kt', made), { recursive: true });
  const temporary = ['bundles/.new-host-1-2-3', '.trace-host-1-2-3', 'bundles/.new-later-1-2-3'];
  for (const name of temporary) await mkdir(join(dir, '.kt', name));
  for (const name of temporary.slice(0, 2)) await utimes(join(dir, '.kt', name), old, old);
  await mkdir(join(dir, '.kt-tmp'), { recursive: true });
  const ofTheLiving = await ownName('t', 'slow-0');
  for (const name of ['t-host-1-2-3', 't-fresh-1-2-3', 't-later-1-2-3', 'lock', ofTheLiving])
    await writeFile(join(dir, '.kt-tmp', name), 'x');
  for (const name of ['t-host-1-2-3', 'lock', ofTheLiving])
    await utimes(join(dir, '.kt-tmp', name), old, old);
  // Of another host, which may be at it still.
  await utimes(join(dir, '.kt-tmp/t-later-1-2-3'), halfDay, halfDay);
  await utimes(join(dir, '.kt/bundles/.new-later-1-2-3'), halfDay, halfDay);
  expect((await runKt(dir, ['gc'])).out.split('\n')).toEqual([
    'deleted bundle .new-host-1-2-3  0 B',
    'deleted temporary folder .trace-host-1-2-3  0 B',
    'deleted temporary file t-host-1-2-3  1 B',
    '3 entries, 1 B.',
    '',
  ]);
  const dry = await runKt(dir, ['gc', '--keep', '2', '--dry-run']);
  expect(dry.out).toMatch(/would delete run r1 .*\nwould delete bundle 0000000000000000/);
  expect(existsSync(join(dir, 'kt-metadata/r1'))).toBe(true);
  const done = JSON.parse((await runKt(dir, ['gc', '--keep', '2', '--json'])).out);
  expect(done.deleted).toMatchObject([
    { kind: 'run', name: 'r1' },
    { kind: 'bundle', name: '0000000000000000' },
    { kind: 'files of an image', name: '1111111111111111' },
    { kind: 'packages of a platform', name: 'linux-x64-glibc' },
  ]);
  expect([await readdir(join(dir, '.kt/images')), await readdir(join(dir, '.kt/native'))]).toEqual([[], []]);
  expect(done.bytes).toBeGreaterThan(1000);
  expect(await readdir(join(dir, 'kt-metadata'))).toEqual(['r2', 'r3']);
  expect((await readdir(join(dir, '.kt/bundles'))).sort()).toEqual([
    '.new-later-1-2-3',
    expect.stringMatching(/^[0-9a-f]{16}$/),
  ]);
  expect(await readdir(join(dir, '.kt-tmp'))).toEqual(
    expect.arrayContaining(['lock', 't-fresh-1-2-3', 't-later-1-2-3', ofTheLiving]),
  );
  expectMistake(
    await runKt(dir, ['gc', '--older-than', 'yesterday']),
    /Expected an age such as 12h, 30d or 4w/,
  );
  expectMistake(await runKt(dir, ['gc', '--keep', '-1']), /kt gc/);
});
