import { expect, test } from 'vitest';
import { linesIn, linesOf } from './lines.js';

const TEXTS: [string, string[]][] = [
  ['', []],
  ['one', ['one']],
  ['one\n', ['one']],
  ['one\n\ntwo\n', ['one', '', 'two']],
  ['höhe → 1 €\nzwei', ['höhe → 1 €', 'zwei']],
];

test.each(TEXTS)('lines of a whole text - %j', (text, lines) => {
  expect(linesIn(Buffer.from(text))).toEqual(lines);
});

test.each(TEXTS)('lines of a text in chunks, cut at every byte - %j', async (text, lines) => {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
  }
  const seen: string[] = [];
  for await (const line of linesOf(bytes())) seen.push(line);
  expect(seen).toEqual(lines);
});
