/*
 * A bundle with a file that is too large for one ConfigMap: packed, cut in pieces, and unpacked by its own entries when a pod starts.
 *
 * KB1 The entries keep their names, so that pods are made the same way for every bundle.
 */
import { gzipSync } from 'node:zlib';
import { type Files, inPieces } from './parcels.js';

const PACK = 'bundle.gz';
const ENTRIES = ['worker.mjs', 'controller.mjs'];

/** What stands in the place of an entry: unpacks the bundle beside it into scratch space, and goes on with the entry itself. */
const unpacker = (entry: string): string => `import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
const here = fileURLToPath(new URL('.', import.meta.url));
const pieces = readdirSync(here).filter(name => name.startsWith('${PACK}')).sort();
const files = JSON.parse(gunzipSync(Buffer.concat(pieces.map(name => readFileSync(join(here, name))))));
const dir = join(tmpdir(), 'kt-bundle');
mkdirSync(dir, { recursive: true });
for (const [name, body] of Object.entries(files)) writeFileSync(join(dir, name), Buffer.from(body, 'base64'));
await import(pathToFileURL(join(dir, '${entry}')).href);
`;

/** The files as they are, where each fits; else the entries and the pieces of the rest. */
export function packed(files: Files): Files {
  if (inPieces(files).size === files.size) return files;
  const contents = Object.fromEntries([...files].map(([name, body]) => [name, Buffer.from(body).toString('base64')]));
  const entries = ENTRIES.filter(name => files.has(name)).map((name): [string, Uint8Array] => [name, Buffer.from(unpacker(name))]);
  return inPieces(new Map([...entries, [PACK, gzipSync(JSON.stringify(contents))]]));
}
