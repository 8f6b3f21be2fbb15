/**
 * `node bench/large-copy.mjs URL [GIB]`: copies an object that is too large for one request (default: 6 GiB) within
 * a bucket, and says how long the upload, the copy and a look at both took. Both are deleted. It is no part of
 * `npm run bench`: not every server that speaks S3 takes objects of that size.
 */
import { randomBytes } from 'node:crypto';
import { openStore } from '@kube-transform/runtime';

const MIB = 2 ** 20;
const [, , url = '', gib = '6'] = process.argv;
const mib = 1024 * Number(gib);
const block = randomBytes(MIB);
/** Each block begins with its number, so that one in the wrong place is seen. */
async function* blocks() {
  for (let n = 0; n < mib; n++) {
    const numbered = Buffer.from(block);
    numbered.writeUInt32BE(n);
    yield numbered;
  }
}

const store = await openStore(url);
const timed = async (what, work) => {
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
};
try {
  await timed(`${gib} GiB up`, () => store.put('large', blocks()));
  await timed('copy within the bucket', () => store.copy('large', 'copy'));
  const [from, to] = await Promise.all(['large', 'copy'].map(key => store.head(key)));
  if (from?.size !== mib * MIB || to?.size !== from.size) throw new Error(`The copy has ${to?.size} bytes.`);
  await timed('every 16th block looked at', async () => {
    for (let n = 0; n < mib; n += 16) {
      const start = n * MIB;
      const bytes = await store.get('copy', { start, end: start + 8 });
      if (Buffer.from(bytes).readUInt32BE() !== n) throw new Error(`Block ${n} is not in its place.`);
    }
  });
} finally {
  await store.delete(['large', 'copy']);
  await store[Symbol.asyncDispose]();
}
