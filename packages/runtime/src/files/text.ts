/** What is text and bytes of a file: UTF-8 both ways, and every doubt an error. Pure. */
import { KtError } from '@kube-transform/sdk';
import { nameOf } from '../parse/stored-value.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The bytes of what a function writes: text as UTF-8, bytes as a copy.
 *
 * @throws KtError `BAD_TEXT` for text that has no UTF-8, `BAD_DATA` for what is neither text nor bytes.
 */
export function bytesOf(path: string, data: unknown): Uint8Array {
  if (typeof data === 'string') {
    const at = data.search(LONE_SURROGATE);
    if (at >= 0) {
      const message = `Cannot write "${path}": character ${at + 1} of the text is half of a surrogate pair.`;
      throw new KtError({ code: 'BAD_TEXT', message, path: '', hint: 'Was the text cut within an emoji?' });
    }
    return new TextEncoder().encode(data);
  }
  if (ArrayBuffer.isView(data))
    return Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  const message = `Cannot write "${path}": it was given ${kindOf(data)}, which is neither text nor bytes.`;
  throw new KtError({ code: 'BAD_DATA', message, path: '', hint: 'Use `writeJson` for values.' });
}

/** The text of a file; a byte order mark at its beginning is no part of it. @throws KtError `BAD_TEXT` */
export function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const tooLong = (cause as { code?: unknown }).code === 'ERR_STRING_TOO_LONG';
    const message = tooLong
      ? `The file "${path}" is too long for one text: ${bytes.length} bytes.`
      : `The file "${path}" is not UTF-8: ${wrongIn(bytes)}.`;
    const hint = tooLong
      ? 'Read it in chunks, with `stream`.'
      : 'Read it with `readBytes` and a TextDecoder of its own encoding, for example "latin1" or "utf-16le".';
    throw new KtError({ code: 'BAD_TEXT', message, path: '', hint }, { cause });
  }
}

/** Where bytes stop being UTF-8, and by what. */
function wrongIn(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return 'it begins with the byte order mark of UTF-16';
  // Beginnings up to `good` bytes are UTF-8, or would be if they went on.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isText(bytes.subarray(0, middle), { stream: true })) good = middle;
    else bad = middle;
  }
  // The character that goes wrong has at most three bytes before that.
  let at = good;
  while (at > 0 && !isText(bytes.subarray(0, at), { stream: false })) at--;
  const seen = [...bytes.subarray(at, at + 4)].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
  return `at byte ${at} (${seen})`;
}

function isText(bytes: Uint8Array, options: { stream: boolean }): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `an object (${nameOf(value)})` : `a ${typeof value}`;
}
