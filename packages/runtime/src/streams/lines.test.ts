import { expect, test } from 'vitest';
import { cutLinesOf, eachLineIn, linesIn, linesOf, MAX_LINE } from './lines.js';

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

const WINDOW = 2 ** 16;
const LONG: [string, string[]][] = [WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW].flatMap(length => {
  const lines = ['é'.repeat(length / 2), '', 'x'.repeat(length), 'end'];
  return [[lines.join('\n'), lines] as [string, string[]], [`${lines.join('\n')}\n`, lines]];
});

test.each([...TEXTS, ['\n\n', ['', '']] as [string, string[]], ...LONG])(
  'lines decoded as they are asked for - case %#',
  (text, lines) => {
    const each = eachLineIn(Buffer.from(text));
    expect([...each]).toEqual(lines);
    expect([...each]).toEqual(lines);
  },
);

test.each(TEXTS)('lines of a text in chunks, cut at every byte - %j', async (text, lines) => {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
  }
  const seen: string[] = [];
  for await (const line of linesOf(bytes())) seen.push(line);
  expect(seen).toEqual(lines);
});

async function cut(chunks: AsyncIterable<Uint8Array>, maxChars?: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const line of cutLinesOf(chunks, maxChars)) seen.push(line);
  return seen;
}
async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([...TEXTS, ['12345\n67890', ['12345', '67890']] as [string, string[]]])(
  'lines that are cut - %j is not longer than they may be',
  async (text, lines) => {
    for (const size of [1, 2, 3, 100]) expect(await cut(inChunks(text, size), 13)).toEqual(lines);
  },
);

test('lines that are cut - the beginning of a long one, and how much is not there', async () => {
  const mark = (n: number): string => ` … (${n} more characters were cut off)`;
  for (const size of [1, 2, 3, 5, 100]) {
    expect(await cut(inChunks('123456\nab\n\n1234567890', size), 5)).toEqual([
      `12345${mark(1)}`,
      'ab',
      '',
      `12345${mark(5)}`,
    ]);
    // No half of a character is kept, and nothing after what was left out.
    expect(await cut(inChunks('1234😀5\n', size), 5)).toEqual([`1234${mark(3)}`]);
    expect(await cut(inChunks('😀', size), 1)).toEqual([mark(2)]);
  }
});

test('lines that are cut - of a line that no text of this process could hold a beginning is held', async () => {
  const chunk = Buffer.alloc(2 ** 22, 'x');
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let mib = 0; mib < 640; mib += 4) yield chunk;
    yield Buffer.from('\nend');
  }
  const [long = '', end] = await cut(endless());
  expect(long.slice(MAX_LINE)).toBe(` … (${640 * 2 ** 20 - MAX_LINE} more characters were cut off)`);
  expect(end).toBe('end');
});
