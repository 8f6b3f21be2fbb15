import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { packed } from './packed-bundle.js';

test('a bundle whose files all fit stays as it is', () => {
  const files = new Map([['worker.mjs', Buffer.from('1')]]);
  expect(packed(files)).toBe(files);
});

test('KB1, KB2: a bundle with a large file - unpacks itself when its entry is run', () => {
  const large = `export const size = ${JSON.stringify(randomBytes(1_500_000).toString('base64'))}.length;\n`;
  const entry = 'import { size } from "./chunk.mjs"; console.log(size);\n';
  const files = packed(
    new Map([
      ['worker.mjs', Buffer.from(entry)],
      ['chunk.mjs', Buffer.from(large)],
    ]),
  );
  expect([...files.values()].every(body => body.length <= 750_000)).toBe(true);
  const dir = mkdtempSync(join(tmpdir(), 'kt-packed-'));
  for (const [name, body] of files) writeFileSync(join(dir, name), body);
  const out = execFileSync(process.execPath, [join(dir, 'worker.mjs')], {
    env: { ...process.env, TMPDIR: dir },
  });
  expect(out.toString().trim()).toBe('2000000');
});
