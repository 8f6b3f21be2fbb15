/** The repository's own source files and what they import; for the house test. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const SKIPPED = new Set([
  'node_modules',
  'dist',
  '.kt',
  '.git',
  'kt-metadata',
  'out',
  'docs',
  'templates',
  '.changeset',
]);

/** Paths below a folder, relative to the repository's root. */
export function filesBelow(folder: string, pattern: RegExp): string[] {
  const found: string[] = [];
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = join(folder, name);
    if (SKIPPED.has(name)) continue;
    if (statSync(join(root, path)).isDirectory()) found.push(...filesBelow(path, pattern));
    else if (pattern.test(path)) found.push(path);
  }
  return found;
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What a file imports: relative imports as paths from the root, others as they are written. */
export function importsOf(path: string): string[] {
  const text = read(path).replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const statements = [
    /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'/gm,
    /^import\s+'([^']+)'/gm,
    /\bimport\(\s*'([^']+)'\s*\)/g,
  ];
  const specifiers = statements.flatMap(statement =>
    [...text.matchAll(statement)].map(match => match[1] ?? ''),
  );
  return specifiers.map(name =>
    name.startsWith('.') ? relative(root, resolve(root, dirname(path), name)).replace(/\.js$/, '.ts') : name,
  );
}

/** Circles in a graph, each as `a → b → a`; what is not a node of the graph is passed over. */
export function circlesIn(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      circles.push([...trail.slice(trail.indexOf(node)), node].join(' → '));
      return;
    }
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) if (graph.has(next)) visit(next, [...trail, node]);
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node, []);
  return circles;
}
