/** JSON lines: a value a line. */
import { copyJson, KtError, type KtFiles, type StandardSchema } from '@kube-transform/sdk';
import { checkRow, shown } from './check-row.js';
import { packed } from './compression.js';
import { type FileSplit, partOf } from './file-split.js';
import { inChunks, type Rows } from './in-chunks.js';
import { placeOf, splitText } from './split-bytes.js';

/**
 * How JSON lines are read.
 *
 * @example
 * ```ts
 * const options: JsonLinesOptions<{ n: number }> = { schema: z.object({ n: z.number() }) };
 * ```
 */
export interface JsonLinesOptions<T = unknown> {
  /** The part to read. Default: all. */
  split?: FileSplit | undefined;
  /** What each row must be. Default: rows are not checked, and `unknown`. */
  schema?: StandardSchema<unknown, T> | undefined;
}

/**
 * Reads a file with one JSON value a line, value by value; blank lines are passed over. One whose name ends
 * in `.gz` or `.zst` is decompressed.
 *
 * Rejects with KtError: `BAD_JSON` for a line that is no JSON and `BAD_ROW` for one that does not fit the
 * schema, both with the line (of a split: counted from where it begins); `BAD_TEXT` for what is not UTF-8;
 * `BAD_DATA` for what is not compressed as its name says.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await files.write('a.jsonl', '{"n": 1}\n{"n": 2}\n');
 * const found: unknown[] = [];
 * const schema = z.object({ n: z.number() });
 * for await (const row of readJsonLines(files, 'a.jsonl', { schema })) found.push(row);
 * found; // → [{ n: 1 }, { n: 2 }]
 * ```
 */
export async function* readJsonLines<T = unknown>(
  files: KtFiles,
  path: string,
  options: JsonLinesOptions<T> = {},
): AsyncGenerator<T> {
  const part = partOf(path, 'jsonl', options.split);
  let number = 0;
  for await (const line of linesOf(splitText(files, part))) {
    number++;
    if (/^[ \t\r]*$/.test(line)) continue;
    const where = (): string =>
      `The file "${path}", line ${number}${part.start === 0 ? '' : ` ${placeOf(part)}`}`;
    const value = valueOf(line, where);
    yield options.schema === undefined ? (value as T) : await checkRow(value, options.schema, where);
  }
}

/**
 * Writes values as JSON lines, without holding them: readers see the whole file or none of it. It is
 * compressed where the name ends in `.gz` or `.zst`.
 *
 * @throws KtError `BAD_JSON` for what JSON cannot hold.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await writeJsonLines(files, 'a.jsonl', [{ n: 1 }, { n: 2 }]);
 * await files.readText('a.jsonl'); // → '{"n":1}\n{"n":2}\n'
 * ```
 */
export async function writeJsonLines(files: KtFiles, path: string, rows: Rows<unknown>): Promise<void> {
  let number = 0;
  const line = (row: unknown): string => {
    number++;
    const made = copyJson(row);
    if (made.ok) return `${JSON.stringify(made.value)}\n`;
    const message = `Cannot write row ${number} of "${path}" as JSON: ${made.reason} at ${made.path}.`;
    const hint = 'Make it a string, number, boolean, null, array or plain object.';
    throw new KtError({ code: 'BAD_JSON', message, path: made.path, hint });
  };
  await files.write(path, packed(path, inChunks(rows, line)));
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  // Pieces of a line that is longer than a chunk: joined once, not once a chunk.
  let open: string[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
      open.push(chunk.slice(from, at));
      yield open.join('');
      open = [];
      from = at + 1;
    }
    if (from < chunk.length) open.push(chunk.slice(from));
  }
  if (open.length > 0) yield open.join('');
}

function valueOf(line: string, where: () => string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const message = `${where()}, is not JSON: ${shown(line)}.`;
    throw new KtError(
      { code: 'BAD_JSON', message, path: '', hint: 'Mend the line, or leave it out.' },
      { cause },
    );
  }
}
