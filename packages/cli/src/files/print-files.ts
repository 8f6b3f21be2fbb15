/*
 * `kt files cat`: what is in files, as it is where a program reads it; for a person as text that steers no
 * terminal.
 */
import type { ByteRange, FileStore } from '@kube-transform/runtime';
import { LineDecoder } from '@kube-transform/runtime/internal';
import type { Output } from '../terminal/output.js';
import { selected } from './selection.js';
import { until } from './transfers.js';

/** What is printed of each file, and where. */
export interface Print {
  output: Output;
  json: boolean;
  signal: AbortSignal;
  /** Default: all of it. */
  range?: ByteRange | undefined;
}

/** A line that is longer is broken: what is no text may have none. */
const LINE_CHARS = 65_536;

/** Prints the files that paths mean, one after the other. */
export async function printFiles(
  store: FileStore,
  paths: readonly string[],
  { output, json, signal, range }: Print,
): Promise<void> {
  for await (const { info } of selected(store, paths)) {
    const chunks = until(signal, store.stream(info.key, range));
    if (json) await printJson(chunks, { output, path: info.key, start: range?.start ?? 0 });
    else if (output.bytes === undefined) await printText(chunks, output);
    else for await (const chunk of chunks) await output.bytes(chunk);
  }
}

async function printText(chunks: AsyncIterable<Uint8Array>, output: Output): Promise<void> {
  const decoder = new LineDecoder();
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += LINE_CHARS) {
      const piece = chunk.subarray(at, at + LINE_CHARS);
      for (const line of decoder.push(piece)) output.out(line.replace(/\r$/, ''));
      const long = decoder.cut(LINE_CHARS);
      if (long !== '') output.out(long);
    }
  for (const line of decoder.end()) output.out(line);
}

/** An object a chunk: where it begins, and its bytes in base64. */
async function printJson(
  chunks: AsyncIterable<Uint8Array>,
  { output, path, start }: { output: Output; path: string; start: number },
): Promise<void> {
  let at = start;
  for await (const chunk of chunks) {
    output.out(JSON.stringify({ path, start: at, base64: Buffer.from(chunk).toString('base64') }));
    at += chunk.length;
  }
}
