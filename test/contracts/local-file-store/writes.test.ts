/** How a folder store writes: appends in place, what dead writers leave, the rights of folders. */
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { thisProcess } from '../../../packages/runtime/src/process/process-identity.js';
import { localFileStore } from '../../../packages/runtime/src/stores/local/local-file-store.js';
import { builtLocalStore } from './built-store.js';
import { bytes, rejection, text } from '../../kit/stores.js';

const STORE = builtLocalStore();

let folder: string;
let root: string;
let store: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-writes-'));
  root = join(folder, 'root');
  store = localFileStore(root);
});
afterEach(() => rm(folder, { recursive: true }));

const at = (key: string): string => join(root, key);
const read = (key: string): Promise<string> => readFile(at(key), 'utf8');
const temporary = (): Promise<string[]> => readdir(at('.kt-tmp'));
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 32);
const undoOf = (key: string): string => at(`.kt-tmp/undo-${hashOf(key)}`);

describe('append to a file', () => {
  test('a file larger than what is added - is not rewritten', async () => {
    await store.put('log', bytes('x'.repeat(100)));
    const { ino } = await stat(at('log'));
    for (let i = 0; i < 50; i++) await store.append('log', bytes('line\n'));
    expect((await stat(at('log'))).ino).toBe(ino);
    expect(await read('log')).toBe('x'.repeat(100) + 'line\n'.repeat(50));
    expect(await temporary()).toEqual([]);
  });

  test('a file with another name, a link, one that is read-only - is replaced, and the other keeps what it had', async () => {
    const old = 'x'.repeat(100);
    for (const key of ['linked', 'target', 'read-only']) await store.put(key, bytes(old));
    await link(at('linked'), join(folder, 'backup'));
    await symlink(at('target'), at('link'));
    await chmod(at('read-only'), 0o444);
    for (const key of ['linked', 'link', 'read-only']) {
      await store.append(key, bytes('more'));
      expect(await read(key)).toBe(`${old}more`);
    }
    expect(await readFile(join(folder, 'backup'), 'utf8')).toBe(old);
    expect(await read('target')).toBe(old);
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(false);
  });

  const torn = async (added: string, meant: string): Promise<void> => {
    await store.put('dir/log', bytes('x'.repeat(20)));
    await writeFile(undoOf('dir/log'), `20 ${meant.length} ${encodeURIComponent('dir/log')}\n${meant}`);
    await writeFile(at('dir/log'), added, { flag: 'a' });
  };
  const lines = ['half of a li', '', 'half of a line\n', 'another end'];
  const kept = ['', '', 'half of a line\n', 'another end'];

  test.each(lines)(
    'a dead writer left %j - the next append takes a half away, and nothing else',
    async line => {
      await torn(line, 'half of a line\n');
      await store.append('dir/log', bytes('next\n'));
      expect(await read('dir/log')).toBe(`${'x'.repeat(20)}${kept[lines.indexOf(line)]}next\n`);
      expect(await temporary()).toEqual([]);
    },
  );

  test('a dead writer left a half - a conditional put of what was there before is refused once, then done', async () => {
    await torn('half', 'half of a line\n');
    const seen = await store.head('dir/log');
    expect(await store.put('dir/log', bytes('new'), { ifMatch: seen!.etag })).toBeNull();
    expect(await read('dir/log')).toBe('x'.repeat(20));
    expect(
      await store.put('dir/log', bytes('new'), { ifMatch: (await store.head('dir/log'))!.etag }),
    ).not.toBeNull();
  });

  test('a dead writer left a half - the next process takes it away before its first write', async () => {
    await torn('half', 'half of a line\n');
    await writeFile(undoOf('cut'), '20 15 cu');
    await localFileStore(root).put('anything', bytes(''));
    expect(await read('dir/log')).toBe('x'.repeat(20));
    expect(await temporary()).toEqual([`undo-${hashOf('cut')}`]);
    await store.append('cut', bytes(''));
    await store.put('cut', bytes('x'.repeat(20)));
    await store.append('cut', bytes('more'));
    expect(await temporary()).toEqual([]);
  });

  test(
    'kill -9 amid appends - leaves whole lines for who adds next (12 times)',
    { timeout: 60_000 },
    async () => {
      const child = join(folder, 'child.mjs');
      await writeFile(
        child,
        `import { localFileStore } from ${JSON.stringify(STORE)};
      const store = localFileStore(${JSON.stringify(root)});
      const line = new TextEncoder().encode('y'.repeat(400_000) + '\\n');
      for (;;) {
        const done = store.append('log', line);
        process.send('begun');
        await done;
      }`,
      );
      await store.put('log', bytes(`${'y'.repeat(400_000)}\n`.repeat(2)));
      for (let round = 0; round < 12; round++) {
        const writer = fork(child);
        for (let begun = 0; begun < 1 + (round % 4); begun++) await once(writer, 'message');
        writer.kill('SIGKILL');
        await once(writer, 'exit');
        await localFileStore(root).append('log', bytes('short\n'));
        const lines = (await read('log')).trimEnd().split('\n');
        expect(lines.filter(line => line !== 'short' && line.length !== 400_000)).toEqual([]);
        expect(lines.filter(line => line === 'short')).toHaveLength(round + 1);
      }
      await localFileStore(root).put('last', bytes(''));
      expect(await temporary()).toEqual([]);
    },
  );

  test('a full disk - keeps what was there, whole', async context => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status !== 0)
      context.skip('mounting a tmpfs is not allowed here');
    try {
      const small = localFileStore(disk);
      await small.put('log', bytes('x'.repeat(150_000)));
      expect((await rejection(small.append('log', bytes('y'.repeat(70_000))))).message).toMatch(
        /append to "log".*ENOSPC/,
      );
      expect((await small.head('log'))!.size).toBe(150_000);
      expect(await readdir(join(disk, '.kt-tmp'))).toEqual([]);
      await small.append('log', bytes('fits'));
      expect((await small.head('log'))!.size).toBe(150_004);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

describe('what dead processes left', () => {
  const DAY_MS = 86_400_000;
  const leave = async (name: string, ageMs: number, content = 'x'): Promise<string> => {
    await mkdir(at('.kt-tmp'), { recursive: true });
    await writeFile(at(`.kt-tmp/${name}`), content);
    const timeS = (Date.now() - ageMs) / 1000;
    await utimes(at(`.kt-tmp/${name}`), timeS, timeS);
    return name;
  };

  test('is swept before the first write; what may be in use stays', async () => {
    const { host, pid, start } = await thisProcess();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const lock = (of: object): string => JSON.stringify({ id: crypto.randomUUID(), ...of });
    await leave(`t-${host}-${dead}-1-a-0`, 0);
    await leave('t-otherhost-7-1-a-0', 2 * DAY_MS);
    await leave('claim-a', 2 * DAY_MS);
    await leave(`claim-${host}-${dead}-1-c`, 0, '');
    await leave(`clock-${host}-${dead}-1-c`, 0, '');
    await leave('steal-c', 0, lock({ host, pid: dead, start: '1' }));
    await leave('steal-a', 2 * DAY_MS);
    await leave(`lock-${'a'.repeat(32)}`, 0, lock({ host, pid: dead, start: '1' }));
    await leave(`lock-${'b'.repeat(32)}`, 2 * DAY_MS, lock({ host: 'otherhost', pid: 7, start: '1' }));
    const stay = [
      await leave(`t-${host}-${pid}-${start}-a-0`, 9 * DAY_MS),
      await leave('t-otherhost-8-1-a-0', DAY_MS / 2),
      await leave('claim-b', 1000),
      await leave(`lock-${'c'.repeat(32)}`, 9 * DAY_MS, lock({ host, pid, start })),
      await leave('not-ours', 9 * DAY_MS),
    ];
    await store.put('a', bytes(''));
    expect(await temporary()).toEqual(stay.sort());
  });

  test('is swept by the clock of the store, whatever this machine’s says', async () => {
    const { now } = Date;
    onTestFinished(() => void (Date.now = now));
    const stays = await leave('t-otherhost-8-1-a-0', DAY_MS / 2);
    await leave('t-otherhost-7-1-a-0', 2 * DAY_MS);
    Date.now = () => now() + 7 * DAY_MS;
    await store.put('a', bytes(''));
    Date.now = () => now() - 7 * DAY_MS;
    await localFileStore(root).put('b', bytes(''));
    expect(await temporary()).toEqual([stays]);
  });
});

describe('folders and files that a store makes', () => {
  const script = (key: string): string => `
    import { localFileStore } from ${JSON.stringify(STORE)};
    const store = localFileStore(${JSON.stringify(root)});
    await store.put('${key}', new Uint8Array(10));
    await store.append('${key}', new Uint8Array(1));
    if ((await store.get('${key}')).length !== 11) throw new Error('not read');`;
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

  test.skipIf(process.platform === 'win32')(
    'without HOME, and with a strict umask - work, and have the rights of that umask',
    async () => {
      for (const [umask, dir, file] of [
        ['022', '755', '644'],
        ['027', '750', '640'],
        ['077', '700', '600'],
      ] as const) {
        const program = `umask ${umask}; exec ${process.execPath} --input-type=module -`;
        execFileSync('/bin/sh', ['-c', program], { input: script(`u${umask}/deep/a`), env: {} });
        expect([await modeOf(at(`u${umask}/deep`)), await modeOf(at(`u${umask}/deep/a`))]).toEqual([
          dir,
          file,
        ]);
        expect(text(await store.get(`u${umask}/deep/a`))).toHaveLength(11);
      }
    },
  );
});
