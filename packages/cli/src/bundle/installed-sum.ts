/**
 * What the packages outside a bundle are made of as they are installed here, with all that they depend on: a
 * patched package, or one for another platform, is other code.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tryJson } from '@kube-transform/runtime/internal';
import * as z from 'zod';

const NAMES = z.record(z.string(), z.unknown()).catch({});
const MANIFEST = z
  .object({ dependencies: NAMES, optionalDependencies: NAMES })
  .catch({ dependencies: {}, optionalDependencies: {} });
/** What compilers leave beside what they make: it names folders of this machine, and nobody loads it. */
const LEFTOVER =
  /(?:^|\/)(?:Makefile|config\.gypi|obj|obj\.target|\.deps)$|\.(?:mk|o|d|a|stamp|tsbuildinfo)$/;

/** Sixteen hex digits of a SHA-256 over names and contents; the same wherever the same is installed. */
export function installedSum(packages: readonly { dir: string }[]): string {
  const hash = createHash('sha256');
  const found = new Set<string>();
  const add = (dir: string): void => {
    const real = realpathSync(dir);
    if (found.has(real)) return;
    found.add(real);
    for (const name of filesOf(real)) {
      const body = readFileSync(join(real, name));
      hash.update(`${name}\0${body.length}\0`).update(body);
    }
    for (const name of dependenciesOf(real)) {
      const at = folderOf(name, real);
      hash.update(`${name}\0${at === undefined ? 'none' : 'some'}\0`);
      if (at !== undefined) add(at);
    }
  };
  for (const { dir } of packages) add(dir);
  return hash.digest('hex').slice(0, 16);
}

function dependenciesOf(dir: string): string[] {
  const { dependencies, optionalDependencies } = MANIFEST.parse(manifestAt(dir));
  return [...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])].sort();
}

const manifestAt = (dir: string): unknown => {
  const file = join(dir, 'package.json');
  return existsSync(file) ? tryJson(readFileSync(file, 'utf8')) : undefined;
};

/** The folder of a package as another one finds it. */
function folderOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const dir = join(at, 'node_modules', name);
    if (existsSync(join(dir, 'package.json'))) return dir;
    if (dirname(at) === at) return undefined;
  }
}

/** Its files without those of packages in it, which are found as what it depends on. */
function filesOf(dir: string, below = ''): string[] {
  return readdirSync(join(dir, below), { withFileTypes: true })
    .flatMap(entry => {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name === 'node_modules' || LEFTOVER.test(name)) return [];
      if (entry.isDirectory()) return filesOf(dir, name);
      return entry.isFile() ? [name] : [];
    })
    .sort();
}
