/**
 * Names a bundle anew with the packages outside it as the pods of a platform find them: each of their files
 * counts in its digest, and has its sum in its index.
 */
import {
  digestOf,
  functionsIn,
  hashOf,
  INDEX,
  indexText,
  OUTSIDE,
  type OutsideContents,
  outsideIn,
  outsideSums,
  sumsOf,
} from '@kube-transform/runtime/internal';
import type { OutsideFiles } from '../bundle/trace-externals.js';

/** Files and symbolic links by path below the bundle. */
export interface BundleFiles {
  files: Map<string, { body: Uint8Array; executable?: boolean }>;
  links: Map<string, string>;
}

/** They, and the digest that pods find in them. */
export interface DeliveredFiles extends BundleFiles {
  digest: string;
}

/** @param platform of the pods: `linux/x64/glibc`. */
export function sealed(own: BundleFiles['files'], outside: OutsideFiles, platform: string): DeliveredFiles {
  const bodies = new Map([...own].map(([name, { body }]) => [name, body]));
  const read = (name: string): Uint8Array => bodies.get(name) ?? outside.files.get(name)?.body ?? EMPTY;
  const contents: OutsideContents = {
    packages: outsideIn(read(OUTSIDE))?.packages ?? [],
    platform,
    installed: '',
    files: inOrder([...outside.files].map(([path, { body }]) => [path, hashOf(body)])),
    links: inOrder([...outside.links]),
  };
  bodies.set(OUTSIDE, Buffer.from(JSON.stringify(contents)));
  const digest = digestOf(bodies.keys(), read);
  const functions = functionsIn(new TextDecoder().decode(read(INDEX))) ?? {};
  const sums = { ...sumsOf(bodies.keys(), read), ...outsideSums(contents, read) };
  bodies.set(INDEX, Buffer.from(indexText({ digest, functions, sums })));
  const files = new Map([...bodies].map(([name, body]): [string, { body: Uint8Array }] => [name, { body }]));
  return { digest, files: new Map([...files, ...outside.files]), links: outside.links };
}

const EMPTY = new Uint8Array();

/** The same on every machine, in whichever order files were found. */
const inOrder = (pairs: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)));
