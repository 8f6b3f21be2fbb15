/*
 * Files in ConfigMaps: how a bundle and a run's document get into pods without a registry and without a
 * store.
 *
 * PC1 A ConfigMap holds at most 1 MiB; files are split among as many as they need and mounted as one folder.
 * PC2 A file that is larger than one ConfigMap is stored in pieces, `<name>.part-000`; readers join them.
 */
import type { ConfigMap } from '../api/objects.js';

/** Bytes of content in one ConfigMap; its limit is 1 MiB, base64 takes 4/3. */
const CAPACITY = 750_000;
const MAX_PARTS = 60;

/** Contents by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The entry of controllers and its two parts: a controller's, and that of the container beside it. */
export const CONTROLLER_FILES = ['controller.mjs', 'controller.main.mjs', 'controller.beside.mjs'] as const;
/** What pods of steps never load: the largest files, and what programs that look at a bundle load. */
export const NOT_OF_PODS: ReadonlySet<string> = new Set([...CONTROLLER_FILES, 'catalog.mjs']);

/** Name of the n-th piece of a file. */
export const pieceName = (name: string, n: number): string => `${name}.part-${String(n).padStart(3, '0')}`;

/** Cuts files that are too large for one ConfigMap. */
export function inPieces(files: Files): Map<string, Uint8Array> {
  const pieces = new Map<string, Uint8Array>();
  for (const [name, body] of files) {
    if (body.length <= CAPACITY) pieces.set(name, body);
    else
      for (let n = 0; n * CAPACITY < body.length; n++)
        pieces.set(pieceName(name, n), body.subarray(n * CAPACITY, (n + 1) * CAPACITY));
  }
  return pieces;
}

/** A file from its pieces; undefined where there is none. */
export function wholeFile(files: Files, name: string): Uint8Array | undefined {
  const whole = files.get(name);
  if (whole !== undefined) return whole;
  const pieces = [...files.keys()].filter(key => key.startsWith(`${name}.part-`)).sort();
  return pieces.length === 0
    ? undefined
    : Buffer.concat(pieces.map(key => files.get(key) ?? new Uint8Array()));
}

/** What a ConfigMap holds, as files. */
export const filesOf = ({ data = {}, binaryData = {} }: ConfigMap): Map<string, Uint8Array> =>
  new Map([
    ...Object.entries(data).map(([name, text]): [string, Uint8Array] => [name, Buffer.from(text)]),
    ...Object.entries(binaryData).map(([name, text]): [string, Uint8Array] => [
      name,
      Buffer.from(text, 'base64'),
    ]),
  ]);

/** Deals files out to ConfigMaps, in order; undefined where they are too large altogether. */
export function splitIntoConfigMaps(files: Files): Map<string, Uint8Array>[] | undefined {
  const parts: Map<string, Uint8Array>[] = [];
  let room = 0;
  for (const [name, body] of inPieces(files)) {
    if (body.length > room || parts.length === 0) {
      parts.push(new Map());
      room = CAPACITY;
    }
    parts.at(-1)?.set(name, body);
    room -= body.length;
  }
  return parts.length > MAX_PARTS ? undefined : parts;
}

/** A ConfigMap that never changes, with files as binary data. */
export function fileConfigMap(part: Files, metadata: ConfigMap['metadata']): ConfigMap {
  const binaryData = Object.fromEntries(
    [...part].map(([name, body]) => [name, Buffer.from(body).toString('base64')]),
  );
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, binaryData };
}
