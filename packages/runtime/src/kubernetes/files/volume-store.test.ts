import { expect, test } from 'vitest';
import { collect } from '../../../../../test/kit/collect.js';
import { bytes, chunks, rejection, text } from '../../../../../test/kit/stores.js';
import { volumeOf } from '../../../../../test/kit/volume/volume-of.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { FRAME, frameOf, framesIn } from './frames.js';

const MIB = 2 ** 20;

test('VP1: a file that nobody takes - is not read on, and one that is put waits for who takes it', async () => {
  const behind = memoryFileStore();
  let read = 0;
  const endless = {
    ...behind,
    async *stream() {
      for (; read < 64 * MIB; read += MIB) yield new Uint8Array(MIB);
    },
  };
  const { store } = volumeOf(endless);
  const stream = store.stream('a')[Symbol.asyncIterator]();
  await stream.next();
  await new Promise(setImmediate);
  expect(read).toBeLessThanOrEqual(2 * MIB);
  await stream.return?.();
});

test('VP2: a put whose end does not come - leaves nothing, and its own error is told', async () => {
  const behind = memoryFileStore();
  const { store, sessions } = volumeOf(behind);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield bytes('begun');
    throw new Error('the disk here');
  }
  await expect(store.put('a', broken())).rejects.toThrow('the disk here');
  await Promise.all(sessions.map(({ served }) => served));
  expect(await behind.head('a')).toBeNull();
});

test('a store that refuses a put within the file - says why, and the session goes on', async () => {
  const behind = memoryFileStore();
  const full = { ...behind, put: () => Promise.reject(new Error('no space left')) };
  const { store, sessions } = volumeOf(full);
  const large = new Uint8Array(8 * MIB);
  expect((await rejection(store.put('a', large))).message).toContain('no space left');
  expect(await store.head('a')).toBeNull();
  expect(sessions).toHaveLength(1);
});

test('a session that is cut off - is told with what goes on; calls without a file are made again', async () => {
  const behind = memoryFileStore();
  await behind.put('a', new Uint8Array(4 * MIB));
  const volume = volumeOf(behind);
  const stream = volume.store.stream('a')[Symbol.asyncIterator]();
  await stream.next();
  volume.cut();
  const error = await rejection(
    (async () => {
      while ((await stream.next()).done !== true);
    })(),
  );
  expect(error).toMatchObject({ code: 'STORE_FAILED' });
  expect(error.message).toContain('The connection to the pod "p" was lost');
  await volume.store.head('a');
  volume.cut();
  expect((await volume.store.head('a'))?.size).toBe(4 * MIB);
});

test('many at once - share four sessions', async () => {
  const { store, sessions } = volumeOf(memoryFileStore());
  await Promise.all(Array.from({ length: 30 }, (_, n) => store.put(`f${n}`, chunks('a', `${n}`))));
  expect(await Promise.all([7, 29].map(async n => text(await store.get(`f${n}`))))).toEqual(['a7', 'a29']);
  expect(sessions.length).toBeLessThanOrEqual(4);
});

test('frames - come in whatever pieces; signs of life and what is cut off are left out', async () => {
  const whole = Buffer.concat([
    frameOf(FRAME.json, bytes('{}')),
    frameOf(FRAME.alive),
    frameOf(FRAME.piece, new Uint8Array(70_000)),
    frameOf(FRAME.end),
    frameOf(FRAME.piece, bytes('cut')).subarray(0, 6),
  ]);
  for (const size of [1, 7, 4096, whole.length]) {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
    }
    const frames = await collect(framesIn(pieces()));
    expect(frames.map(({ kind, body }) => [kind, body.length])).toEqual([
      [FRAME.json, 2],
      [FRAME.piece, 70_000],
      [FRAME.end, 0],
    ]);
  }
});
