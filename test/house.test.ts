/** The house keeps its shape: the map is true, imports follow its table, files and folders are small. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderGraph, folderRows, forbiddenImports, homeOf } from './kit/folder-table.js';
import { circlesIn, filesBelow, importsOf, read, root } from './kit/sources.js';

const SOURCES = filesBelow('packages', /\/src\/.*\.ts$/).filter(path => !/\.test(-d)?\.ts$/.test(path));
const TESTS = [...filesBelow('packages', /\.test\.ts$/), ...filesBelow('test', /\.test\.ts$|-contract\.ts$/)];
const WRITTEN = ['packages', 'test', 'examples', 'bench'].flatMap(folder =>
  filesBelow(folder, /\.(ts|mjs|js|py)$/),
);
const FOLDERS = folderRows();

describe('the map', () => {
  const map = read('ARCHITECTURE.md');

  test('ARCHITECTURE.md - has at most 12,000 bytes', () => {
    expect(Buffer.byteLength(map)).toBeLessThanOrEqual(12_000);
  });

  test('the table of folders - has a row with a sentence for each folder, and no other', () => {
    const there = new Set(
      SOURCES.map(homeOf)
        .filter(home => home !== null && home.folder !== '')
        .map(home => `${home?.package}/${home?.folder}`),
    );
    expect(there.size).toBeGreaterThan(30);
    expect(FOLDERS.map(row => `${row.package}/${row.folder}`).sort()).toEqual([...there].sort());
    expect(FOLDERS.filter(row => row.holds.length < 10)).toEqual([]);
  });

  test('files that the map names - are there', () => {
    const named = [...map.matchAll(/`((?:(?:sdk|runtime|cli|test)\/)[\w/.-]+\.ts)`/g)].map(
      match => match[1] ?? '',
    );
    expect(named.length).toBeGreaterThan(5);
    const pathOf = (name: string): string =>
      name.startsWith('test/') ? name : `packages/${name.replace('/', '/src/')}`;
    expect(named.filter(name => !existsSync(join(root, pathOf(name))))).toEqual([]);
  });

  test('links between pages - lead somewhere', () => {
    const pages = filesBelow('.', /\.md$/);
    const dead = pages.flatMap(page =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(match => match[1] ?? '')
        .filter(to => !existsSync(join(root, dirname(page), to)))
        .map(to => `${page}: ${to}`),
    );
    expect(dead).toEqual([]);
  });
});

describe('imports', () => {
  test.each(FOLDERS)('$package/$folder - imports what its row allows', row => {
    expect(forbiddenImports(row, SOURCES)).toEqual([]);
  });

  test('files - form no circle, types included', () => {
    expect(circlesIn(new Map(SOURCES.map(path => [path, importsOf(path)])))).toEqual([]);
  });

  test('folders - form no circle', () => {
    expect(circlesIn(folderGraph(SOURCES))).toEqual([]);
  });

  test('a file at the top of a package - is imported by no folder, but for the leaves of the sdk', () => {
    const up = SOURCES.filter(path => homeOf(path)?.folder !== '').flatMap(path =>
      importsOf(path)
        .filter(to => homeOf(to)?.folder === '' && homeOf(to)?.package !== 'sdk')
        .filter(() => !/\/(entry|testing|commands)\//.test(path))
        .map(to => `${path} imports ${to}`),
    );
    expect(up).toEqual([]);
  });
});

describe('sizes', () => {
  const linesOf = (path: string): number => read(path).replace(/\n$/, '').split('\n').length;

  test('files - have at most 300 lines, the median of sources at most 90', () => {
    expect(WRITTEN.length).toBeGreaterThan(100);
    expect(WRITTEN.filter(path => linesOf(path) > 300)).toEqual([]);
    const counts = SOURCES.map(linesOf).sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(90);
  });

  test('folders - hold at most 15 files, lists of alike members aside', () => {
    const ALIKE = ['packages/cli/src/commands'];
    const counts = new Map<string, number>();
    const counted = [...SOURCES, ...WRITTEN.filter(path => !path.startsWith('packages/'))];
    for (const path of counted) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([folder, count]) => count > 15 && !ALIKE.includes(folder))).toEqual([]);
  });

  test('the type any - stands in at most three places', () => {
    const ANY = /(?::|<|\bas|\|)\s*any\b(?!\s*time)/;
    const places = SOURCES.flatMap(path =>
      read(path)
        .split('\n')
        .filter(line => !/^\s*(\/\/|\/?\*)/.test(line) && ANY.test(line))
        .map(line => `${path}: ${line.trim()}`),
    );
    expect(places.length, places.join('\n')).toBeLessThanOrEqual(3);
  });
});

describe('manners', () => {
  test('each source file - begins with a sentence that says what it is', () => {
    const mute = [...SOURCES, ...filesBelow('test', /\.ts$/)].filter(
      path => !/^(\/\*\*?|\/\/)\s*(\n \* )?\S/.test(read(path)),
    );
    expect(mute).toEqual([]);
  });

  test('invariant codes - are held by one file each, and cited by the title of a test', () => {
    const CODE = /^\s*(?:\*|\/\/)\s*([A-Z]{1,2}\d{1,2}) +\S/gm;
    const holders = SOURCES.flatMap(path =>
      [...read(path).matchAll(CODE)].map(match => ({ path, code: match[1] ?? '' })),
    );
    const twice = holders.filter(({ code }, at) => holders.findIndex(other => other.code === code) !== at);
    expect(twice).toEqual([]);
    const titles = TESTS.map(read).join('\n');
    const uncited = holders.filter(({ code }) => !new RegExp(`\\b${code}\\b[^\\n]*: `).test(titles));
    expect(uncited).toEqual([]);
  });

  test('JSON.stringify - of what users made is called where it cannot throw, by files that may', () => {
    /** Files below which users' values go: each of these writes what is its own, or was made plain before. */
    const MAY = [
      ...['parse/stored-value', 'parse/parse-json', 'parse/format', 'run-store/segment-log'],
      ...['run-store/item-results', 'run-store/result-packs'],
      ...['run-store/result-cache', 'process/standard-output', 'process/hard-timeout', 'files/kt-files'],
      ...['executors/worker-slots', 'engine/expand-job', 'entry/reader'],
      'entry/bundle-index',
      // Of a template that is filled with what was JSON.
      'worker/container-call',
      // Causes and events, which were made plain where they arose.
      'entry/worker',
    ].map(name => `packages/runtime/src/${name}.ts`);
    const users =
      /^packages\/runtime\/src\/(parse|run-store|worker|engine|executors|files|process|reporting|entry|testing)\//;
    const callers = SOURCES.filter(path => users.test(path) && /\bJSON\.stringify\b/.test(read(path)));
    expect(callers.filter(path => !MAY.includes(path))).toEqual([]);
  });

  test('what was thrown - is put into words by one function, which cannot throw itself', () => {
    const OWN_WAY = /instanceof Error \? .*String\(|\bString\((error|cause|thrown|reason)\)/;
    expect(SOURCES.filter(path => OWN_WAY.test(read(path)))).toEqual([]);
  });

  test('what writes to the terminal, or to the log of a pod - is one file each', () => {
    const WRITES = /process\.std(out|err)\.write|\bconsole\.\w+\(|writeSync\([12]\b/;
    const OUTPUTS = [
      'packages/cli/src/terminal/output.ts',
      'packages/runtime/src/process/standard-output.ts',
    ];
    const codeOf = (path: string): string => read(path).replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
    expect(SOURCES.filter(path => WRITES.test(codeOf(path)))).toEqual(OUTPUTS);
  });

  test('temporary files and folders - are made by those that sweep what dead processes left of theirs', () => {
    const MAKES = /\b(mkdtemp(Sync)?|tmpdir|ownName)\(|\$\{process\.pid\}/;
    const SWEPT = [
      'packages/cli/src/project/own-folder.ts',
      // This, and what is packed: in a container that goes when its process ends.
      'packages/runtime/src/entry/probe.ts',
      'packages/runtime/src/files/disk/scratch-folder.ts',
      'packages/runtime/src/kubernetes/manifests/packed-bundle.ts',
      'packages/runtime/src/process/process-identity.ts',
      'packages/runtime/src/stores/local/file-lock.ts',
      'packages/runtime/src/stores/local/temp-files.ts',
    ];
    expect(SOURCES.filter(path => MAKES.test(read(path))).sort()).toEqual(SWEPT);
  });

  test('commands that are suggested - name what there is as words of a shell', () => {
    const BARE =
      /(\bkt (?!was|is|waits|has)[a-z]+ |\bkubectl [a-z]+ -|\$\{(run\.)?verb\} --)[^`$\n]*\$\{(?!shellWord\()/;
    const bare = SOURCES.filter(path => path.startsWith('packages/cli/')).flatMap(path =>
      read(path)
        .split('\n')
        .filter(line => BARE.test(line))
        .map(line => `${path}: ${line.trim()}`),
    );
    expect(bare).toEqual([]);
  });

  test('no file or folder - is called utils, helpers, common or manager', () => {
    expect(SOURCES.filter(path => /(^|[/-])(utils?|helpers?|common|manager)([/.-]|$)/.test(path))).toEqual(
      [],
    );
  });

  test('what is committed - names no registry and no path of one machine', () => {
    const files = ['packages', 'test', 'examples', 'bench', 'decisions'].flatMap(folder =>
      filesBelow(folder, /\.(ts|mjs|js|json|md|py)$/),
    );
    const machine = new RegExp(['/ro' + 'ot/', '/wo' + 'rk/main', 'registry\\.' + 'npmjs'].join('|'));
    const pages = ['package.json', 'package-lock.json', 'README.md'];
    expect([...files, ...pages].filter(path => machine.test(read(path)))).toEqual([]);
  });
});
