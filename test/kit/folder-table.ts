/** The table of folders in ARCHITECTURE.md as data, and what breaks it; for the house test. */
import { dirname } from 'node:path';
import { importsOf, read } from './sources.js';

const PACKAGES = ['sdk', 'runtime', 'server', 'cli'] as const;
type Package = (typeof PACKAGES)[number];

export interface FolderRow {
  package: Package;
  /** Below the package's `src`. */
  folder: string;
  holds: string;
  /** As written: folders, `folder/*`, names of packages, `node`, `leaves`, or `anything`. */
  imports: string[];
}

/** The rows of the tables. A package's table begins with its name as the first heading. */
export function folderRows(): FolderRow[] {
  const rows: FolderRow[] = [];
  let current: Package | undefined;
  for (const line of read('ARCHITECTURE.md').split('\n')) {
    const cells = /^\|(.+)\|$/
      .exec(line)?.[1]
      ?.split('|')
      .map(cell => cell.trim());
    if (cells?.length !== 3) continue;
    const [first = '', holds = '', imports = ''] = cells;
    const heading = PACKAGES.find(name => name === first);
    if (heading !== undefined) current = heading;
    const folder = /^`([\w/-]+)`$/.exec(first)?.[1];
    if (folder === undefined || current === undefined) continue;
    rows.push({ package: current, folder, holds, imports: imports.split(', ').filter(name => name !== '') });
  }
  return rows;
}

/** Where a source file lies: its package, and its folder below `src` ('' for the faces at the top). */
export function homeOf(path: string): { package: string; folder: string } | null {
  const match = /^packages\/(\w+)\/src(?:\/(.+))?$/.exec(dirname(path));
  return match === null ? null : { package: match[1] ?? '', folder: match[2] ?? '' };
}

/** Folders of the runtime that any other may import. */
const LEAVES = ['parse', 'streams'];

const BELOW: Record<string, readonly string[]> = {
  sdk: [],
  runtime: ['sdk'],
  server: ['sdk', 'runtime'],
  cli: ['sdk', 'runtime', 'server'],
};

/** Whether a row lets its folder import that file (a path from the root) or that package. */
function allows(row: FolderRow, to: string): boolean {
  const home = homeOf(to);
  if (home === null) {
    if (to.startsWith('node:')) return row.imports.includes('node') || row.imports.includes('anything');
    const name = /^(@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to;
    const own = /^@kube-transform\/(\w+)$/.exec(name)?.[1];
    if (own !== undefined) return BELOW[row.package]?.includes(own) ?? false;
    return row.imports.includes(name) || row.imports.includes('anything');
  }
  if (home.package !== row.package) return false;
  if (home.folder === row.folder || LEAVES.includes(home.folder) || row.imports.includes('anything'))
    return true;
  if (home.folder === '') return row.imports.includes('leaves') && !/\/(index|reflect)\.ts$/.test(to);
  return row.imports.some(name =>
    name.endsWith('/*') ? `${home.folder}/`.startsWith(name.slice(0, -1)) : name === home.folder,
  );
}

/** Imports of these files that the table does not allow, as sentences. */
export function forbiddenImports(row: FolderRow, sources: readonly string[]): string[] {
  return sources
    .filter(path => homeOf(path)?.package === row.package && homeOf(path)?.folder === row.folder)
    .flatMap(path =>
      importsOf(path)
        .filter(to => !allows(row, to))
        .map(to => `${path} imports ${to}`),
    );
}

/** Which folder imports which, faces at the top of a package aside. */
export function folderGraph(sources: readonly string[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  const nameOf = (path: string): string | null => {
    const home = homeOf(path);
    return home === null || home.folder === '' ? null : `${home.package}/${home.folder}`;
  };
  for (const path of sources) {
    const from = nameOf(path);
    if (from === null) continue;
    const to = graph.get(from) ?? new Set();
    for (const imported of importsOf(path)) {
      const name = nameOf(imported);
      if (name !== null && name !== from) to.add(name);
    }
    graph.set(from, to);
  }
  return graph;
}
