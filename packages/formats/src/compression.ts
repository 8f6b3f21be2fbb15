/*
 * Files that are compressed, told by their names: `.gz` and `.zst`.
 *
 * 1. Nobody can begin in their middle: each is read from its beginning, and is one split.
 */
import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { KtError, type KtFiles } from '@kube-transform/sdk';

type Codec = 'gzip' | 'zstd';
type Coder = ReturnType<typeof createGzip> | ReturnType<typeof createGunzip>;

/** What Node has since 22.15. */
interface Zstd {
  createZstdCompress: () => Coder;
  createZstdDecompress: () => Coder;
}

const CODECS: Readonly<Record<string, Codec>> = { gz: 'gzip', zst: 'zstd' };

/** How a file of this name is compressed; undefined: it is not. */
export const codecOf = (path: string): Codec | undefined =>
  CODECS[/\.(gz|zst)$/i.exec(path)?.[1]?.toLowerCase() ?? ''];

/**
 * What a file says from byte `start` on, of a compressed one the bytes that it unpacks to.
 *
 * Rejects with KtError: `BAD_DATA` for what is not whole, `UNSUPPORTED` for zstd where Node has none.
 */
export async function* plainBytes(files: KtFiles, path: string, start = 0): AsyncGenerator<Uint8Array> {
  const codec = codecOf(path);
  if (codec === undefined) {
    yield* files.stream(path, { start });
    return;
  }
  const broken = (cause: unknown): KtError => {
    const why = cause instanceof Error ? cause.message : 'it is empty';
    const message = `The file "${path}" is not ${codec}, or not whole: ${why}.`;
    const hint = 'Give it another name where it is not compressed, or write it anew.';
    return new KtError({ code: 'BAD_DATA', message, path: '', hint }, { cause });
  };
  let stored = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of files.stream(path)) {
      stored += chunk.length;
      yield chunk;
    }
  };
  let skip = start;
  for await (const chunk of through(counted(), coderOf(codec, path).unpack(), broken)) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
  // Of no bytes at all Node makes nothing, and says nothing.
  if (stored === 0) throw broken(null);
}

/** Bytes as the file of this name is to hold them. An error of the bytes themselves passes through. */
export function packed(path: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const codec = codecOf(path);
  return codec === undefined ? chunks : through(chunks, coderOf(codec, path).pack(), cause => cause);
}

async function* through(
  chunks: AsyncIterable<Uint8Array>,
  coder: Coder,
  explain: (cause: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  const own: { error?: unknown } = {};
  const noted = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      own.error = error;
      throw error;
    }
  };
  const from = Readable.from(noted(), { objectMode: false });
  from.once('error', error => coder.destroy(error));
  from.pipe(coder);
  try {
    for await (const chunk of coder) yield chunk as Uint8Array;
  } catch (error) {
    throw 'error' in own ? own.error : explain(error);
  } finally {
    from.destroy();
    coder.destroy();
  }
}

function coderOf(codec: Codec, path: string): { pack: () => Coder; unpack: () => Coder } {
  if (codec === 'gzip') return { pack: () => createGzip(), unpack: () => createGunzip() };
  const { createZstdCompress: pack, createZstdDecompress: unpack } = process.getBuiltinModule(
    'node:zlib',
  ) as Partial<Zstd>;
  if (pack !== undefined && unpack !== undefined) return { pack, unpack };
  throw new KtError({
    code: 'UNSUPPORTED',
    message: `The file "${path}" is zstd, which Node ${process.versions.node} cannot read or write.`,
    path: '',
    hint: 'Use Node 22.15 or newer, or gzip (a name that ends in .gz).',
  });
}
