import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from './sha256.js';

test('sha256 - is what node:crypto says, of little and of much', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 2047, 2048, 2049, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    const wanted = createHash('sha256').update('naïve – ').update(bytes).digest('hex');
    expect(sha256('naïve – ', bytes).toString('hex'), `${length} bytes`).toBe(wanted);
  }
});
