/** The lines of a part of a file, as bytes or text: those that begin in it, each whole. */
import { KtError, type KtFiles } from '@kube-transform/sdk';
import { plainBytes } from './compression.js';
import type { FileSplit } from './file-split.js';

const NEWLINE = 0x0a;

/** The bytes of all lines that begin at `start` or behind it, and before `end`, in chunks. */
export async function* splitBytes(files: KtFiles, split: FileSplit): AsyncGenerator<Uint8Array> {
  const { path, start, end } = split;
  if (start >= end) return;
  // A line begins at `start` if the byte before it ends one.
  let at = Math.max(0, start - 1);
  let began = start === 0;
  for await (const chunk of plainBytes(files, path, at)) {
    let from = 0;
    if (!began) {
      from = chunk.indexOf(NEWLINE) + 1;
      began = from > 0;
      // No line begins in this split, or none as far as this chunk goes.
      if (at + (began ? from : chunk.length) >= end) return;
    }
    // The line that holds the last byte of the split is the last.
    const last = began ? chunk.indexOf(NEWLINE, Math.max(from, end - 1 - at)) : -1;
    if (began) yield chunk.subarray(from, last < 0 ? chunk.length : last + 1);
    if (last >= 0) return;
    at += chunk.length;
  }
}

/** The same as text, in chunks. @throws KtError `BAD_TEXT` for what is not UTF-8. */
export async function* splitText(files: KtFiles, split: FileSplit): AsyncGenerator<string> {
  // What a file begins with may be a byte order mark; anywhere else that is a character.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: split.start > 0 });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      const message = `The file "${split.path}" is not UTF-8, ${placeOf(split)}.`;
      const hint = 'Write it anew as UTF-8: see `readBytes` and TextDecoder.';
      throw new KtError({ code: 'BAD_TEXT', message, path: '', hint }, { cause });
    }
  };
  for await (const bytes of splitBytes(files, split)) yield decode(bytes);
  yield decode();
}

/** Which part of a file, in the middle of a sentence. */
export function placeOf({ start, end }: FileSplit): string {
  return end === Infinity ? `from byte ${start} on` : `in the split of bytes ${start} to ${end}`;
}
