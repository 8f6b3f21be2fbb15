import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TerminationFile } from './termination-message.js';

const file = (): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'kt-note-')), 'log');
  writeFileSync(path, '');
  return path;
};

test('a termination message - names what is under way, at any moment', () => {
  const path = file();
  const note = new TerminationFile(path);
  note.begin(7);
  note.begin(1234);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ format: 1, begun: [7, 1234] });
  note.end(1234);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ format: 1, begun: [7] });
  note.say('it "broke"');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ format: 1, begun: [7], message: 'it "broke"' });
  note.close();
});

test('a termination message - stays below what Kubernetes keeps', () => {
  const path = file();
  const note = new TerminationFile(path);
  for (let item = 1_000_000; item < 1_002_000; item++) note.begin(item);
  note.say('x'.repeat(5000));
  const text = readFileSync(path, 'utf8');
  expect(Buffer.byteLength(text)).toBeLessThan(4096);
  expect((JSON.parse(text) as { begun: number[] }).begun[0]).toBe(1_000_000);
});

test('a termination message - without its file is not kept, and nothing breaks', () => {
  const note = new TerminationFile('/nowhere/log');
  note.begin(1);
  note.end(1);
});
