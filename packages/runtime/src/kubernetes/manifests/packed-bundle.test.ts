import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { EXIT_CODE } from './exit-codes.js';
import { codeInEnv, packed, workerCode } from './packed-bundle.js';

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

const FRAME = { digest: 'd', bundleParts: 1 };

/** Begins a worker as a pod does that mounts nothing, with another folder for scratch space. */
function begun(files: ReadonlyMap<string, Uint8Array>, dir: string): ReturnType<typeof spawnSync> {
  const data = codeInEnv(files, new Map([['linked.mjs', 'folder/b.mjs']]));
  const { args, env } = workerCode({ ...FRAME, codeParts: Object.keys(data ?? {}).length }, true);
  expect(env.map(({ name }) => name)).toEqual(Object.keys(data ?? {}));
  const inDir = args.map(word => word.replaceAll('/tmp/', `${dir}/`));
  return spawnSync(process.execPath, ['--max-old-space-size=99', ...inDir], {
    env: { ...process.env, ...data },
    encoding: 'utf8',
  });
}

test('KB3: a worker whose code is in its environment - begins as from files, and has none of it there', () => {
  const worker = `import { b } from './linked.mjs';
    import { fork } from 'node:child_process';
    const names = Object.keys(process.env).filter(name => name.startsWith('KT_CODE'));
    if (process.send) process.send('forked');
    else fork(process.argv[1]).on('message', said =>
      console.log(JSON.stringify({ b, names, said, flags: process.execArgv, globals: [typeof fs, typeof module] })));
  `;
  const noise = randomBytes(150_000).toString('hex');
  const dir = mkdtempSync(join(tmpdir(), 'kt-begun-'));
  const files = new Map([
    ['worker.mjs', Buffer.from(worker)],
    ['folder/b.mjs', Buffer.from(`export const b = ${JSON.stringify(noise)}.length + 0; // % # ? $(A)\n`)],
    ['controller.mjs', randomBytes(900_000)],
  ]);
  begun(files, dir);
  const { stdout, stderr } = begun(files, dir);
  expect(stderr).toBe('');
  expect(JSON.parse(String(stdout))).toEqual({
    b: 300_000,
    names: [],
    said: 'forked',
    flags: ['--max-old-space-size=99'],
    globals: ['undefined', 'undefined'],
  });
});

test('KB3: a worker that cannot write its code - ends with a sentence, and no other pod is tried', () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'kt-begun-')), 'none');
  writeFileSync(dir, '');
  const { status, stderr } = begun(new Map([['worker.mjs', Buffer.from('')]]), dir);
  expect(status).toBe(EXIT_CODE.unfit);
  expect(stderr).toMatch(
    /^The code of this pod cannot be laid out in .+ of its image \(.*none.*\)\. Give the step a volume there/,
  );
});

test('KB3: code that is too large for an environment, or a pod that needs a volume - is mounted', () => {
  const large = new Map([['worker.mjs', randomBytes(400_000)]]);
  expect(codeInEnv(large)).toBeNull();
  const mounted = { isBare: false, bundle: ['kt-bundle-d-0'], args: ['/kt/bundle/worker.mjs'], env: [] };
  expect(workerCode(FRAME, true)).toEqual(mounted);
  expect(workerCode({ ...FRAME, codeParts: 1 }, false)).toEqual(mounted);
  // That of an image is there.
  expect(workerCode({ digest: 'd', bundleParts: 0 }, true)).toEqual({ ...mounted, isBare: true, bundle: [] });
});
