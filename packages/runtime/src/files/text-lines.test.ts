import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textLines } from './text-lines.js';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const linesOf = async (bytes: Uint8Array, size: number): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of textLines('t', cut(bytes, size))) lines.push(line);
  return lines;
};

test('lines - are the same however the bytes come', async () => {
  const piece = fc.constantFrom('a', 'ü', '€', '😀', '\n', '\r\n', '\r', ' ', 'word');
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      async (pieces, size) => {
        const text = pieces.join('');
        const expected = text.split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        expect(await linesOf(new TextEncoder().encode(text), size)).toEqual(expected);
      },
    ),
  );
});

test('a line of many chunks - takes no longer for being long', async () => {
  const line = 'x'.repeat(20_000_000);
  expect(await linesOf(new TextEncoder().encode(`${line}\nend`), 1000)).toEqual([line, 'end']);
});

test('a text that is cut within a character - is none, with the line', async () => {
  await expect(linesOf(Uint8Array.of(0x61, 0x0a, 0xe2, 0x82), 2)).rejects.toMatchObject({
    code: 'BAD_TEXT',
    message: expect.stringContaining('in line 2'),
  });
});
