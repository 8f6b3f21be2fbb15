/*
 * The side of a session that has the store: answers requests, one after the other, until the other side ends
 * it.
 *
 * VP1 No file is held as a whole: pieces are passed on as they come, in both directions.
 * VP2 A put whose end does not come leaves nothing.
 */
import { isKtError, KtError, type Problem } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';
import type { FileStore, ListEntry } from '../../ports/index.js';
import { FRAME, type Frame, frameOf, framesIn } from './frames.js';
import { VOLUME_ANSWER, VOLUME_REQUEST, type VolumeAnswer, type VolumeRequest } from './volume-protocol.js';

/** The other side, as bytes. */
export interface Peer {
  input: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. */
  send(bytes: Uint8Array): Promise<void>;
}

/** Serves a session to its end. */
export async function serveVolume(store: FileStore, { input, send }: Peer): Promise<void> {
  const frames = framesIn(input);
  const answer = (value: VolumeAnswer): Promise<void> =>
    send(frameOf(FRAME.json, new TextEncoder().encode(VOLUME_ANSWER.text(value))));
  for (;;) {
    const { value: frame } = await frames.next();
    if (frame === undefined) return;
    // What is left of a file that nobody wanted.
    if (frame.kind !== FRAME.json) continue;
    try {
      const request = VOLUME_REQUEST.parse(frame.body, 'request');
      if (request.op === 'get') await sendFile(store, request, { answer, send });
      else await answer(await done(store, request, frames));
    } catch (error) {
      if (error instanceof CutOff) return;
      await answer({ error: problemsOf(error) });
    }
  }
}

async function done(
  store: FileStore,
  request: Exclude<VolumeRequest, { op: 'get' }>,
  frames: AsyncIterator<Frame, void>,
): Promise<VolumeAnswer> {
  switch (request.op) {
    case 'list':
      return { entries: await page(store, request) };
    case 'head':
      return { object: await store.head(request.key) };
    case 'put': {
      const { key, ifAbsent, ifMatch } = request;
      const conditions = { ...(ifAbsent ? { ifAbsent } : {}), ...(ifMatch === null ? {} : { ifMatch }) };
      return { etag: await store.put(key, piecesOf(frames), conditions) };
    }
    case 'append': {
      const pieces: Uint8Array[] = [];
      for await (const piece of piecesOf(frames)) pieces.push(piece);
      await store.append(request.key, Buffer.concat(pieces));
      return { done: true };
    }
    case 'delete':
      await store.delete(request.keys);
      return { done: true };
    case 'deleteBelow':
      await store.deleteBelow(request.prefix);
      return { done: true };
    case 'copy':
      await store.copy(request.from, request.to);
      return { done: true };
  }
}

async function page(
  store: FileStore,
  { prefix, isFlat, startAfter, limit }: VolumeRequest & { op: 'list' },
): Promise<{ entries: ListEntry[]; isWhole: boolean }> {
  const entries: ListEntry[] = [];
  const options = {
    ...(isFlat ? { delimiter: '/' as const } : {}),
    ...(startAfter === null ? {} : { startAfter }),
  };
  for await (const entry of store.list(prefix, options)) {
    if (entries.length === limit) return { entries, isWhole: false };
    entries.push(entry);
  }
  return { entries, isWhole: true };
}

async function sendFile(
  store: FileStore,
  { key, start, end }: VolumeRequest & { op: 'get' },
  { answer, send }: { answer: (value: VolumeAnswer) => Promise<void>; send: Peer['send'] },
): Promise<void> {
  let begun = false;
  for await (const chunk of store.stream(key, { start, end })) {
    if (!begun) await answer({ done: true });
    begun = true;
    for (let at = 0; at < chunk.length; at += PIECE_BYTES)
      await send(frameOf(FRAME.piece, chunk.subarray(at, at + PIECE_BYTES)));
  }
  if (!begun) await answer({ done: true });
  await send(frameOf(FRAME.end));
}

/** Of a file in one frame. */
export const PIECE_BYTES = 32 * 1024;

/** The other side has ended the session within a file. */
class CutOff extends Error {}

/** The pieces of a file up to its end. */
async function* piecesOf(frames: AsyncIterator<Frame, void>): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const { value: frame } = await frames.next();
    if (frame === undefined) throw new CutOff('The session has ended.');
    if (frame.kind === FRAME.end) return;
    // A copy: what the frame is part of is not kept.
    if (frame.kind === FRAME.piece) yield frame.body.slice();
  }
}

const problemsOf = (error: unknown): readonly Problem[] =>
  isKtError(error)
    ? error.problems
    : new KtError({ code: 'STORE_FAILED', path: '', message: messageOf(error) }).problems;
