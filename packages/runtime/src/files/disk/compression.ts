/**
 * Text files that are compressed, told by their names: `.gz` and `.zst`. Methods that speak of text compress
 * and decompress them, those that speak of bytes give the bytes as they are.
 */
import { KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';

type Codec = 'gzip' | 'zstd';
/** What Node has since 22.15. */
interface Zstd {
  zstdCompress: Coder['compress'];
  createZstdDecompress: Coder['decompressor'];
}

/** What Node has of a codec. */
interface Coder {
  compress(bytes: Uint8Array, then: (error: Error | null, made: Uint8Array) => void): void;
  decompressor(): NodeJS.ReadWriteStream & AsyncIterable<unknown> & { destroy(error: Error): void };
}

const CODECS: Readonly<Record<string, Codec>> = { gz: 'gzip', zst: 'zstd' };

/** How a file of this name is compressed; undefined: it is not. */
export const codecOf = (path: string): Codec | undefined =>
  CODECS[/\.(gz|zst)$/i.exec(path)?.[1]?.toLowerCase() ?? ''];

/** Bytes as the file of this name holds them: a whole frame, which may follow others. */
export async function compressed(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const codec = codecOf(path);
  if (codec === undefined) return bytes;
  const coder = coderOf(codec, path);
  return await new Promise((resolve, reject) =>
    coder.compress(bytes, (error, made) => (error === null ? resolve(made) : reject(error))),
  );
}

/** What the bytes of a file of this name say, in chunks. @throws KtError `BAD_DATA` for what is not whole. */
export async function* decompressed(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const codec = codecOf(path);
  if (codec === undefined) {
    yield* chunks;
    return;
  }
  const to = coderOf(codec, path).decompressor();
  const { Readable } = process.getBuiltinModule('node:stream');
  const from = Readable.from(chunks, { objectMode: false });
  const seen: { failed?: Error; hasBytes: boolean } = { hasBytes: false };
  from.on('data', () => (seen.hasBytes = true));
  from.on('error', error => {
    seen.failed = error;
    to.destroy(error);
  });
  from.pipe(to);
  try {
    for await (const chunk of to) yield chunk as Uint8Array;
    if (!seen.hasBytes) throw new Error('it is empty');
  } catch (error) {
    if (seen.failed !== undefined) throw seen.failed;
    throw new KtError(
      {
        code: 'BAD_DATA',
        message: `The file "${path}" is not ${codec}, or not whole: ${messageOf(error)}.`,
        path: '',
        hint: 'Give it another name where it is not compressed; its bytes as they are gives `readBytes`.',
      },
      { cause: error },
    );
  } finally {
    from.destroy();
  }
}

function coderOf(codec: Codec, path: string): Coder {
  const zlib = process.getBuiltinModule('node:zlib');
  if (codec === 'gzip') return { compress: zlib.gzip, decompressor: zlib.createGunzip };
  const { zstdCompress, createZstdDecompress } = zlib as Partial<Zstd>;
  if (zstdCompress !== undefined && createZstdDecompress !== undefined)
    return { compress: zstdCompress, decompressor: createZstdDecompress };
  throw new KtError({
    code: 'UNSUPPORTED',
    message: `The file "${path}" is zstd, which Node ${process.versions.node} cannot read or write.`,
    path: '',
    hint: 'Use Node 22.15 or newer, or gzip (a name that ends in .gz).',
  });
}
