/**
 * The index of a bundle, `functions.mjs`: its digest, which module has which function, and the sums of its
 * files. It is made of the others, so that it can be made again and compared. And what lies outside of it.
 */
import { fits, tryJson } from '../parse/parse-json.js';
import { list, record, type Shape, table, text } from '../parse/shapes.js';

/** The file that names the digest: all others are hashed. */
export const INDEX = 'functions.mjs';
/** The file that says what the packages outside the bundle are made of, so that they count in its digest. */
export const OUTSIDE = 'outside.json';

/** What the index holds. */
export interface BundleIndex {
  digest: string;
  functions: Record<string, string>;
  /** Size and CRC-32 of each file; for a symbolic link `→` and where it leads. */
  sums: Record<string, string>;
}

/** The packages outside a bundle. */
export interface OutsideContents {
  packages: { name: string; version: string }[];
  /** Of the pods whose files these are; empty where the packages are those that are installed. */
  platform: string;
  /** SHA-256 of the files that are installed; empty where the files of a platform are told. */
  installed: string;
  /** SHA-256 by path below the bundle. */
  files: Record<string, string>;
  /** Where symbolic links lead, by path below the bundle. */
  links: Record<string, string>;
}

const CONTENTS = record<OutsideContents>({
  packages: list(record<OutsideContents['packages'][number]>({ name: text, version: text })),
  platform: text,
  installed: text,
  files: table(text),
  links: table(text),
});

const FUNCTIONS: Shape<Record<string, string>> = table(text);

/** The text of an index. */
export const indexText = ({ digest, functions, sums }: BundleIndex): string =>
  Object.entries({ digest, functions, sums })
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 1)};\n`)
    .join('');

/** The functions that the text of an index names; undefined where it is none. */
export function functionsIn(index: string): Record<string, string> | undefined {
  const [, found = ''] =
    /^export const functions = (\{[^]*?\});\n(?=export const sums = )/m.exec(index) ?? [];
  return fits(FUNCTIONS, tryJson(found));
}

/** What {@link OUTSIDE} says; undefined where it is not that. */
export const outsideIn = (contents: Uint8Array): OutsideContents | undefined =>
  fits(CONTENTS, tryJson(new TextDecoder().decode(contents)));
