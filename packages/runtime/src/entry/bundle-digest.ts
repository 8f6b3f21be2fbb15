/** The digest of a bundle's code, which names it, and the sums that pods check before they load any of it. */
import { NOT_OF_PODS } from '../kubernetes/manifests/config-map-files.js';

/** Not code, or made from it: what a mount adds, source maps, the index that names the digest, packages. */
const isLeftOut = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('.map') || name === 'functions.mjs' || name === 'node_modules';

const codeAmong = (names: Iterable<string>): string[] => [...names].filter(name => !isLeftOut(name)).sort();

/**
 * The digest of files: sixteen hex digits of a SHA-256 over names, sizes and contents, in the order of the
 * names.
 *
 * @param names of all files of a bundle; what is not code is left out here. Only the others are read.
 */
export function digestOf(names: Iterable<string>, read: (name: string) => Uint8Array): string {
  // Processes that are no pods do without.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256');
  for (const name of codeAmong(names)) {
    const body = read(name);
    hash.update(`${name}\0${body.length}\0`).update(body);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Size and CRC-32 of each file of a bundle's code that pods may load, by name: what they check. They stand in
 * the bundle beside its digest. To ask a pod for the digest itself would make it load `node:crypto`, a tenth
 * of its start.
 */
export function sumsOf(names: Iterable<string>, read: (name: string) => Uint8Array): Record<string, string> {
  const loaded = codeAmong(names).filter(name => !NOT_OF_PODS.has(name));
  return Object.fromEntries(loaded.map(name => [name, sumOfFile(read(name))]));
}

/** Size and CRC-32 of a file, in hex. */
export const sumOfFile = (bytes: Uint8Array): string =>
  `${bytes.length.toString(16)}-${process.getBuiltinModule('node:zlib').crc32(bytes).toString(16)}`;

/** What stands for a symbolic link among sums. */
export const sumOfLink = (target: string): string => `→${target}`;
