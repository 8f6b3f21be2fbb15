/** The digest of a bundle's code: what names a bundle, and what its pods check before they load any of it. */

/** Not code, or made from it: what a mount adds, source maps, the index that names the digest, packages. */
const isLeftOut = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('.map') || name === 'functions.mjs' || name === 'node_modules';

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
  for (const name of [...names].filter(name => !isLeftOut(name)).sort()) {
    const body = read(name);
    hash.update(`${name}\0${body.length}\0`).update(body);
  }
  return hash.digest('hex').slice(0, 16);
}
