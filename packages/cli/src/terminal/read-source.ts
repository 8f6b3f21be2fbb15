/** The text of a file, or of standard input. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/** So much text may be read, and what a program prints. */
const MAX_BYTES = 64_000_000;

/** A text, and what to call where it is from. */
export interface SourceText {
  text: string;
  file: string;
}

/** What a file has, `-` for standard input. @throws KtError `READ_FAILED` */
export async function readSource(from: string, hint: string): Promise<SourceText> {
  try {
    if (from === '-') return { text: await textOf(process.stdin), file: 'standard input' };
    return { text: await readFile(from, 'utf8'), file: from };
  } catch (cause) {
    const message = `It cannot be read: ${messageOf(cause)}.`;
    throw new KtError({ code: 'READ_FAILED', path: from, message, hint }, { cause });
  }
}

/** What a stream gives, to its end. Rejects where that is more than 64 MB. */
export async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BYTES) throw new Error(`it is longer than ${MAX_BYTES / 1e6} MB`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString();
}
