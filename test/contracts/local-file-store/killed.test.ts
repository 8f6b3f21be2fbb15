/** A writer that is killed, at each moment of each kind of write: the next one leaves nothing of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localFileStore } from '../../../packages/runtime/src/stores/local/local-file-store.js';
import { builtLocalStore } from './built-store.js';
import { bytes, text } from '../../kit/stores.js';

/** As it is built: a process is begun for each moment. */
const STORE = builtLocalStore();
const AT_ONCE = 4;

/** Writes in each way; kills itself when it is about to change the disk for the n-th time. */
const writer = (root: string, n: number): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  import { localFileStore } from ${JSON.stringify(STORE)};
  let left = ${n};
  const dying = (of, names) => {
    for (const name of names) {
      const real = of[name];
      of[name] = function (...args) {
        if (--left === 0) process.kill(process.pid, 'SIGKILL');
        return real.apply(this, args);
      };
    }
  };
  const handle = await fs.promises.open('/dev/null');
  dying(Object.getPrototypeOf(handle), ['write', 'writeFile', 'utimes', 'datasync', 'truncate', 'close']);
  dying(fs.promises, ['open', 'writeFile', 'link', 'rename', 'unlink', 'copyFile', 'utimes', 'mkdir']);
  syncBuiltinESMExports();
  const store = localFileStore(${JSON.stringify(root)}, { durability: 'disk' });
  const withoutLinks = localFileStore(${JSON.stringify(root)}, { hardLinks: false });
  const bytes = text => new TextEncoder().encode(text);
  const etag = await store.put('in/a', bytes('old of a'));
  await store.put('in/a', bytes('new of a'), { ifMatch: etag });
  await store.put('b', bytes('b'), { ifAbsent: true });
  await withoutLinks.put('e', bytes('e'), { ifAbsent: true });
  await store.append('in/a', bytes(', more'));
  await store.put('c', (async function* () { yield bytes('c'); yield bytes('c'); })());
  await store.copy('b', 'd');
`;

/** What each object may be: not there, or one of these. */
const MAY: Record<string, readonly string[]> = {
  'in/a': ['old of a', 'new of a', 'new of a, more'],
  b: ['b'],
  c: ['cc'],
  d: ['b'],
  e: ['e'],
};

/** Whether the writer that is to die at its n-th change has got to its end, and what it and the next left. */
async function after(n: number): Promise<{ ended: boolean; left: string[]; wrong: string[] }> {
  const root = await mkdtemp(join(tmpdir(), 'kt-killed-'));
  try {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(root, n)], {
      stdio: 'inherit',
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual(code === 0 ? [0, null] : [null, 'SIGKILL']);
    const store = localFileStore(root);
    await store.put('next', bytes(''));
    const wrong: string[] = [];
    for (const [key, may] of Object.entries(MAY)) {
      if ((await store.head(key)) === null) continue;
      const found = text(await store.get(key));
      if (!may.includes(found)) wrong.push(`${key}: ${found}`);
    }
    return { ended: code === 0, left: await readdir(join(root, '.kt-tmp')), wrong };
  } finally {
    await rm(root, { recursive: true });
  }
}

test('a writer is killed before each change it makes - objects are old or new, and nothing else stays', async () => {
  let moments = 0;
  for (let isOver = false; !isOver;) {
    const batch = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => after(moments + i + 1)));
    expect(batch.map(({ left, wrong }) => ({ left, wrong }))).toEqual(
      batch.map(() => ({ left: [], wrong: [] })),
    );
    moments += batch.filter(({ ended }) => !ended).length;
    isOver = batch.every(({ ended }) => ended);
  }
  expect(moments).toBeGreaterThan(40);
});
