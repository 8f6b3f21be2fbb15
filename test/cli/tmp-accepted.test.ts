import fc from 'fast-check';
import { parsePipeline } from '@kube-transform/sdk';
import { test } from 'vitest';
import { badDocument } from './bad-documents.js';
test('x', () => {
  const seen = new Map<string, number>(); const ex = new Map<string, string>(); let n = 0, slow = 0;
  for (const { document, done } of fc.sample(badDocument, { numRuns: 20000, seed: 42 })) {
    const t = performance.now(); const p = parsePipeline(document); slow = Math.max(slow, performance.now() - t);
    if (!p.ok) continue; n++;
    const kind = done.replace(/\d+/g, 'N'); seen.set(kind, (seen.get(kind) ?? 0) + 1);
    if (!ex.has(kind)) { const path = done.split(' ')[1]?.split('.') ?? []; let v: any = document; for (const k of path) v = v?.[k]; let s; try { s = JSON.stringify(v) } catch { s = 'deep' } ex.set(kind, (s ?? 'undef').slice(0, 80)); }
  }
  console.log('accepted', n, 'slowest ms', slow); for (const [k, c] of [...seen].sort((a, b) => b[1] - a[1])) console.log(c, k, ex.get(k));
});
