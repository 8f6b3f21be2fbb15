/** Checks that the code of a controller is that of its run: all that is mounted, with SHA-256. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isPieceOfPack, type Pack, WORKER_OF_PACK } from '../kubernetes/manifests/packed-bundle.js';
import { sha256 } from '../process/sha256.js';
import { digestOf, sumOfFile, sumOfLink, sumsOf } from './bundle-digest.js';
import { functionsIn, INDEX, indexText, OUTSIDE, outsideIn } from './bundle-index.js';
import { readPack } from './read-pack.js';
import { bundleChanged } from './verify-files.js';

/** A bundle as its pods find it. */
interface Found {
  /** Files beside each other. */
  names: readonly string[];
  /** Files and links of packages, by path below the bundle. */
  outside: readonly string[];
  read(name: string): Uint8Array;
  readLink(name: string): string;
}

/**
 * Checks the files of a bundle, its index, and the packages outside it.
 *
 * @throws KtError `BUNDLE_CHANGED` where its digest is another one, or any of them is not what was hashed.
 */
export function verifyBundle(dir: string, expected: string): void {
  const names = readdirSync(dir);
  const pack = readPack(dir, names);
  const found = pack === null ? folderAt(dir, names) : packIn(dir, names, pack);
  const digest = digestOf(found.names, found.read);
  if (digest !== expected) throw bundleChanged(dir, digest, expected);
  const sums = { ...sumsOf(found.names, found.read), ...verifyOutside(dir, found) };
  const index = asText(found.read(INDEX));
  const again = indexText({ digest, functions: functionsIn(index) ?? {}, sums });
  if (index !== again) throw bundleChanged(join(dir, INDEX), hashOf(index), hashOf(again));
}

/** The sums of what lies outside a bundle, where it says what that is. */
function verifyOutside(dir: string, found: Found): Record<string, string> {
  if (!found.names.includes(OUTSIDE)) return {};
  const { platform, files, links } = outsideIn(found.read(OUTSIDE)) ?? {};
  // An image that a builder made has installed them itself.
  if (platform === undefined || platform === '') return {};
  const known = { ...files, ...links };
  const strange = found.outside.find(name => known[name] === undefined);
  if (strange !== undefined) throw bundleChanged(join(dir, strange), 'some', 'none');
  const there = new Set(found.outside);
  const check = (name: string, hash: string, of: () => string): void => {
    const actual = there.has(name) ? of() : 'none';
    if (actual !== hash) throw bundleChanged(join(dir, name), actual, hash);
  };
  for (const [name, hash] of Object.entries(files ?? {})) check(name, hash, () => hashOf(found.read(name)));
  for (const [name, to] of Object.entries(links ?? {})) check(name, to, () => found.readLink(name));
  return outsideSums({ files: files ?? {}, links: links ?? {} }, found.read);
}

/** The sums of files and links outside a bundle, by path: files first, each in the order they are told. */
export function outsideSums(
  { files, links }: { files: Record<string, string>; links: Record<string, string> },
  read: (name: string) => Uint8Array,
): Record<string, string> {
  // None of them is left out as the code beside the index may be: all of it is used.
  const sums = Object.keys(files).map((name): [string, string] => [name, sumOfFile(read(name))]);
  const targets = Object.entries(links).map(([name, to]): [string, string] => [name, sumOfLink(to)]);
  return Object.fromEntries([...sums, ...targets]);
}

/** Sixteen hex digits of a SHA-256. */
export const hashOf = (contents: Uint8Array | string): string =>
  sha256(contents).toString('hex').slice(0, 16);

const asText = (contents: Uint8Array): string => new TextDecoder().decode(contents);

function folderAt(dir: string, names: readonly string[]): Found {
  return {
    names,
    outside: names.includes('node_modules') ? [...filesBelow(dir, 'node_modules')] : [],
    // Files that are in memory already: to wait for each would take longer than to read it.
    read: name => readFileSync(join(dir, name)),
    readLink: name => readlinkSync(join(dir, name)),
  };
}

function* filesBelow(dir: string, folder: string): Iterable<string> {
  for (const entry of readdirSync(join(dir, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(dir, name);
    else yield name;
  }
}

/** A packed bundle; what lies beside it has to be what is in it, and its worker what unpacks it. */
function packIn(dir: string, names: readonly string[], { files, links }: Pack): Found {
  const read = (name: string): Uint8Array => files.get(name) ?? new Uint8Array();
  for (const name of names.filter(of => !isPieceOfPack(of) && !of.startsWith('.'))) {
    const [found, inPack] = [
      readFileSync(join(dir, name)),
      name === WORKER_OF_PACK.name ? Buffer.from(WORKER_OF_PACK.text) : read(name),
    ];
    if (!found.equals(inPack)) throw bundleChanged(join(dir, name), hashOf(found), hashOf(inPack));
  }
  const all = [...files.keys(), ...Object.keys(links)];
  return {
    names: all.filter(name => !name.includes('/')),
    outside: all.filter(name => name.includes('/')),
    read,
    readLink: name => links[name] ?? '',
  };
}
