/** What is special to the store in a folder: other processes, kill -9, stale locks, a full disk, links. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { rejection } from '../kit/stores.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const BIG = 600_000;

/** What a child process does: argv is [root, links], and each message is a task. */
const CHILD = `
import { createHash } from 'node:crypto';
import { localFileStore } from './local-file-store.js';
import { withLockFile } from './file-lock.js';
const [root, links] = process.argv.slice(2);
const store = localFileStore(root, { hardLinks: links === 'yes' });
const tell = message => new Promise(done => process.send(message, done));
const bytes = text => new TextEncoder().encode(text);
const TASKS = {
  absent: async () => {
    const won = [];
    for (let i = 0; i < 100; i++) if (await store.put('race/' + i, bytes(String(process.pid)), { ifAbsent: true })) won.push(i);
    await tell({ won });
  },
  count: async times => {
    for (let done = 0; done < times; ) {
      const { etag } = await store.head('counter');
      const value = Number(new TextDecoder().decode(await store.get('counter')));
      if (await store.put('counter', bytes(String(value + 1)), { ifMatch: etag })) done++;
    }
    await tell('done');
  },
  stream: async () => {
    for (let round = 0; ; round++) {
      await store.put('big', (async function* () {
        for (let part = 0; part < 30; part++) {
          yield bytes('abcdef'[round % 6].repeat(${BIG} / 30));
          process.send('part');
        }
      })());
    }
  },
  lock: async () => {
    const name = 'lock-' + createHash('sha256').update('counter').digest('hex').slice(0, 32);
    await withLockFile(root + '/.kt-tmp', name, async () => { await tell('locked'); await new Promise(() => {}); });
  },
};
process.on('message', ({ task, times }) => void TASKS[task](times));
process.on('disconnect', () => process.exit());
await tell('ready');
`;

let folder: string;
let script: string;
let roots = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-local-'));
  script = join(folder, 'child.mjs');
  const resolveDir = join(import.meta.dirname, '../../packages/runtime/src/stores/local');
  await build({
    stdin: { contents: CHILD, resolveDir },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true }));

const newRoot = (): string => join(folder, `root-${roots++}`);

async function start(root: string, links: string): Promise<ChildProcess> {
  const child = fork(script, [root, links], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

async function keys(root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of localFileStore(root).list(''))
    if (entry.type === 'object') found.push(entry.object.key);
  return found;
}

/** Four children that are ready. */
class Racers {
  readonly #children: readonly ChildProcess[];
  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async start(root: string, links: string): Promise<Racers> {
    return new Racers(await Promise.all([1, 2, 3, 4].map(() => start(root, links))));
  }

  /** Lets them go at once, and gives what each tells. */
  race(task: string, times?: number): Promise<unknown[]> {
    const told = this.#children.map(async child => (await once(child, 'message'))[0] as unknown);
    for (const child of this.#children) child.send({ task, times });
    return Promise.all(told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#children.map(child => once(child, 'exit'));
    for (const child of this.#children) child.disconnect();
    await Promise.all(ended);
  }
}

describe.each(['yes', 'no'])('file store between processes, hard links: %s', links => {
  test('ifAbsent: each of 100 keys has one winner among four processes', { timeout: 60_000 }, async () => {
    const root = newRoot();
    await using racers = await Racers.start(root, links);
    const results = (await racers.race('absent')) as { won: number[] }[];
    expect(results.flatMap(result => result.won).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    expect(await readdir(join(root, '.kt-tmp'))).toEqual([]);
  });

  test('ifMatch: four processes count to 400 together', { timeout: 60_000 }, async () => {
    const root = newRoot();
    await localFileStore(root).put('counter', bytes('0'));
    await using racers = await Racers.start(root, links);
    await racers.race('count', 100);
    expect(new TextDecoder().decode(await localFileStore(root).get('counter'))).toBe('400');
    expect(await readdir(join(root, '.kt-tmp'))).toEqual([]);
  });

  test(
    'a lock whose holder was killed is taken over, by one of those who wait',
    { timeout: 60_000 },
    async () => {
      const root = newRoot();
      await localFileStore(root).put('counter', bytes('0'));
      await using racers = await Racers.start(root, links);
      for (let round = 1; round <= 3; round++) {
        const holder = await start(root, links);
        holder.send({ task: 'lock' });
        await once(holder, 'message');
        holder.kill('SIGKILL');
        await once(holder, 'exit');
        await racers.race('count', 20);
        expect(new TextDecoder().decode(await localFileStore(root).get('counter'))).toBe(String(80 * round));
      }
      expect(await readdir(join(root, '.kt-tmp'))).toEqual([]);
    },
  );
});

test(
  'kill -9 amid streaming puts: the object is whole, the list clean, the next put works (24 times)',
  { timeout: 120_000 },
  async () => {
    const root = newRoot();
    await localFileStore(root).put('big', bytes('start'));
    for (let round = 0; round < 24; round++) {
      const child = await start(root, 'yes');
      child.send({ task: 'stream' });
      for (let part = 0; part < 5 + round * 7; part++) await once(child, 'message');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = localFileStore(root);
      const content = new TextDecoder().decode(await store.get('big'));
      if (content !== 'start' && content !== 'next') expect(content === content[0]!.repeat(BIG)).toBe(true);
      expect(await keys(root)).toEqual(['big']);
      await store.put('big', bytes('next'));
      expect(await readdir(join(root, '.kt-tmp'))).toEqual([]);
    }
  },
);

test('a full disk is said, and leaves the old object', async context => {
  const disk = join(folder, 'disk');
  await mkdir(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status !== 0)
    context.skip('mounting a tmpfs is not allowed here');
  try {
    const store = localFileStore(disk);
    await store.put('a', bytes('old'));
    const error = await rejection(store.put('a', new Uint8Array(1_000_000)));
    expect(error.code).toBe('STORE_FAILED');
    expect(error.message).toMatch(/Cannot write "a" in the folder .*disk: ENOSPC.*Free space/);
    expect(new TextDecoder().decode(await store.get('a'))).toBe('old');
    await store.put('b', bytes('fits'));
    expect(await keys(disk)).toEqual(['a', 'b']);
  } finally {
    spawnSync('umount', [disk]);
  }
});

describe('file store of a folder', () => {
  // Node's own recursive mkdir never returns here.
  test.runIf(process.platform === 'linux')(
    'a file system that refuses new folders is an error, not a hang',
    async () => {
      await expect(localFileStore('/proc/kt-nowhere').put('a', bytes('x'))).rejects.toMatchObject({
        code: 'STORE_FAILED',
      });
    },
  );

  test('is made by the first put, lists nothing before, and tells its URL', async () => {
    const root = newRoot();
    expect(await keys(root)).toEqual([]);
    expect(localFileStore(root).capabilities).toEqual({ kind: 'file', url: `file://${root}` });
    await localFileStore(root).put('x/y', bytes('1'));
    expect(await keys(root)).toEqual(['x/y']);
  });
  test('goes on when its folders are removed under it', async () => {
    const root = newRoot();
    const store = localFileStore(root);
    await store.put('x/y', bytes('1'));
    await rm(root, { recursive: true });
    await store.put('x/y', bytes('2'));
    expect(await keys(root)).toEqual(['x/y']);
  });
  test('refuses what a disk cannot hold, with a sentence', async () => {
    const root = newRoot();
    const store = localFileStore(root);
    await store.put('a', bytes('1'));
    await store.put('d/e', bytes('1'));
    expect((await rejection(store.put('a/b', bytes('')))).message).toMatch(
      /Cannot write "a\/b".*a file has no files below it/,
    );
    expect((await rejection(store.put('d', bytes('')))).message).toMatch(
      /Cannot write "d".*Files exist below that name/,
    );
    expect((await rejection(store.put('d', bytes(''), { ifAbsent: true }))).code).toBe('STORE_FAILED');
    expect((await rejection(store.put('n'.repeat(256), bytes('')))).message).toContain(
      'has a name of 256 bytes',
    );
    expect(
      (await rejection(store.put(Array.from({ length: 60 }, () => 'n'.repeat(100)).join('/'), bytes(''))))
        .message,
    ).toContain('Use shorter names');
    expect((await rejection(store.put('.kt-tmp/x', bytes('')))).code).toBe('BAD_PATH');
    expect((await rejection(store.get('.kt-tmp'))).code).toBe('BAD_PATH');
    expect(await readdir(join(root, '.kt-tmp'))).toEqual([]);
    await writeFile(join(root, 'file-root'), '');
    expect((await rejection(localFileStore(join(root, 'file-root')).put('a', bytes('')))).code).toBe(
      'STORE_FAILED',
    );
  });
  test('follows links, but not in circles; hides broken ones and empty directories', async () => {
    const root = newRoot();
    await localFileStore(root).put('real/a', bytes('1'));
    await symlink(join(root, 'real'), join(root, 'alias'));
    await symlink(root, join(root, 'real', 'loop'));
    await symlink(join(root, 'nowhere'), join(root, 'broken'));
    await mkdir(join(root, 'empty/deeper'), { recursive: true });
    expect(await keys(root)).toEqual(['alias/a', 'real/a']);
  });
  test('writes two thousand objects at once without running out of open files', async () => {
    const store = localFileStore(newRoot());
    await Promise.all(Array.from({ length: 2000 }, (_, i) => store.put(`k/${i}`, bytes(String(i)))));
    const contents = await Promise.all(Array.from({ length: 2000 }, (_, i) => store.get(`k/${i}`)));
    expect(contents.map(content => new TextDecoder().decode(content))).toEqual(
      Array.from({ length: 2000 }, (_, i) => String(i)),
    );
  });
});
