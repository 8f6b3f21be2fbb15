/** The house keeps its shape: the map is true, imports follow the table of rooms, files stay small. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesBelow, importsOf, read, root } from './kit/sources.js';

const SOURCES = filesBelow('packages', /\/src\/.*\.ts$/).filter(path => !/\.test(-d)?\.ts$/.test(path));
const WIRING = ['run-pipeline', 'open-store', 'posix-mounts', 'index'].map(
  name => `packages/runtime/src/${name}.ts`,
);
const runtime = (path: string): boolean => path.startsWith('packages/runtime/src/');
const inRoom =
  (room: string) =>
  (path: string): boolean =>
    path.startsWith(`packages/runtime/src/${room}/`);
const isLoop = (path: string): boolean => dirname(path) === 'packages/runtime/src' && !WIRING.includes(path);

/** Parts of one adapter may import each other. */
const sameAdapter = (from: string, to: string): boolean => {
  if (basename(to) === 'store-key.ts' || basename(to) === 'local-folder.ts') return true;
  if (basename(from) === 'process-pool-executor.ts' || basename(from) === 'worker-process.ts')
    return /worker-process|resident-memory/.test(to);
  return (
    /^(local|posix)-/.exec(basename(from))?.[1] === /^(local|posix)-/.exec(basename(to))?.[1] &&
    /^(local|posix)-/.test(basename(from))
  );
};

interface Rule {
  room: string;
  holds: (path: string) => boolean;
  allowed: (imported: string, from: string) => boolean;
}
const RULES: Rule[] = [
  {
    room: 'sdk',
    holds: path => path.startsWith('packages/sdk/src/'),
    allowed: to => to === 'zod' || to === 'reflect-metadata' || to.startsWith('packages/sdk/src/'),
  },
  {
    room: 'runtime/core',
    holds: inRoom('core'),
    allowed: to => to === '@kube-transform/sdk' || inRoom('core')(to),
  },
  {
    room: 'runtime loop',
    holds: isLoop,
    allowed: to =>
      to === '@kube-transform/sdk' ||
      to === 'picomatch' ||
      inRoom('core')(to) ||
      (dirname(to) === 'packages/runtime/src' && !WIRING.includes(to)),
  },
  {
    room: 'runtime/adapters',
    holds: inRoom('adapters'),
    allowed: (to, from) =>
      !to.startsWith('packages/') ||
      (runtime(to) && (isLoop(to) || inRoom('core')(to)) && basename(to) !== 'drive.ts') ||
      sameAdapter(from, to),
  },
  {
    room: 'runtime/kubernetes',
    holds: inRoom('kubernetes'),
    allowed: to =>
      to === '@kube-transform/sdk' ||
      to.startsWith('node:') ||
      inRoom('kubernetes')(to) ||
      inRoom('core')(to) ||
      (isLoop(to) && basename(to) !== 'drive.ts'),
  },
  {
    room: 'runtime',
    holds: runtime,
    allowed: to => to !== '@kube-transform/cli' && !to.startsWith('packages/cli'),
  },
  {
    room: 'cli',
    holds: path => path.startsWith('packages/cli/src/'),
    allowed: to => !to.startsWith('packages/') || to.startsWith('packages/cli/'),
  },
];

describe('the house', () => {
  test('the map names every source file', () => {
    const map = read('ARCHITECTURE.md');
    const missing = SOURCES.filter(path => !map.includes(`\`${path.replace(/^packages\/\w+\/src\//, '')}\``));
    expect(missing).toEqual([]);
  });

  test('the map names the invariants of every file, and no two files number theirs alike', () => {
    const map = read('ARCHITECTURE.md');
    const holders = SOURCES.map(path => ({
      path,
      id: /^ ?\* ?([A-Z]{1,2})1 /m.exec(read(path))?.[1],
    })).filter(({ id }) => id !== undefined);
    expect(holders.length).toBeGreaterThan(40);
    expect(
      holders.filter(
        ({ path, id }) =>
          !new RegExp(`\\b${id}1\\S* \`${path.replace(/^packages\/\w+\/src\//, '')}\``).test(map),
      ),
    ).toEqual([]);
    expect(new Set(holders.map(({ id }) => id)).size).toBe(holders.length);
  });

  test('the map names no file that is not there', () => {
    const rows = [...read('ARCHITECTURE.md').matchAll(/^\| `(?!packages\/)([\w/.-]+\.ts)` +\|/gm)].map(
      match => match[1] ?? '',
    );
    expect(rows.length).toBeGreaterThan(50);
    expect(
      rows.filter(
        row => !['sdk', 'runtime', 'cli'].some(name => existsSync(join(root, 'packages', name, 'src', row))),
      ),
    ).toEqual([]);
  });

  test.each(RULES)('imports of the room $room follow the table', ({ holds, allowed }) => {
    const members = SOURCES.filter(holds);
    expect(members.length).toBeGreaterThan(0);
    const broken = members.flatMap(path =>
      importsOf(path)
        .filter(to => !allowed(to, path))
        .map(to => `${path} imports ${to}`),
    );
    expect(broken).toEqual([]);
  });

  test('no imports go in a circle, types included', () => {
    const graph = new Map(SOURCES.map(path => [path, importsOf(path).filter(to => SOURCES.includes(to))]));
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      state.set(path, 'open');
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of SOURCES) visit(path, []);
    expect(circles).toEqual([]);
  });

  test('no file is over 300 lines', () => {
    const files = ['packages', 'test', 'examples', 'bench'].flatMap(folder =>
      filesBelow(folder, /\.(ts|mjs|js|py)$/),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter(path => read(path).split('\n').length > 301)).toEqual([]);
  });

  test('no file or folder is called utils, helpers, common or manager', () => {
    expect(SOURCES.filter(path => /(^|[/-])(utils?|helpers?|common|manager)([/.-]|$)/.test(path))).toEqual(
      [],
    );
  });

  test('links between pages lead somewhere', () => {
    const pages = [...filesBelow('.', /\.md$/)].filter(path => !path.includes('node_modules'));
    const dead = pages.flatMap(page =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(match => match[1] ?? '')
        .filter(to => !existsSync(join(root, dirname(page), to)))
        .map(to => `${page}: ${to}`),
    );
    expect(dead).toEqual([]);
  });

  test('what is committed names no registry and no path of one machine', () => {
    const files = ['packages', 'test', 'examples', 'bench', 'decisions'].flatMap(folder =>
      filesBelow(folder, /\.(ts|mjs|js|json|md|py)$/),
    );
    const machine = new RegExp(['/ro' + 'ot/', '/wo' + 'rk/main', 'registry\\.' + 'npmjs'].join('|'));
    expect(
      [...files, 'package.json', 'package-lock.json', 'README.md'].filter(path => machine.test(read(path))),
    ).toEqual([]);
  });
});
