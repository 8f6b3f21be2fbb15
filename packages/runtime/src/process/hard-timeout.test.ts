import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/process/hard-timeout.js', import.meta.url));

/** A process that does this with a `timeout(ms)`: how it ended, and what it noted. */
async function ended(does: string): Promise<{ how: string | null; note: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-timeout-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await writeFile(
    join(dir, 'case.mjs'),
    `import { HardTimeout } from ${JSON.stringify(BUILT)};
    const timeout = timeoutMs => new HardTimeout({ timeoutMs, path: 'note', format: 1 });
    ${does}`,
  );
  const child = spawn(process.execPath, ['case.mjs'], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
  const how = await new Promise<string | null>(resolve =>
    child.once('close', (_, signal) => resolve(signal)),
  );
  return { how, note: await readFile(join(dir, 'note'), 'utf8').catch(() => '') };
}

test('HT2, HT3: the 257th attempt - is ended like the first, though nothing yields, and its item is noted', async () => {
  const { how, note } = await ended(`
    const watch = timeout(1);
    for (let item = 0; item < 600; item++) watch.begin(item);
    for (let item = 0; item < 600; item++) if (item !== 256) watch.end(item);
    for (;;) if (process.hrtime()[0] < 0) break;`);
  expect(how).toBe('SIGKILL');
  expect(JSON.parse(note)).toEqual({ format: 1, begun: [256], deadline: 256 });
});

test('HT3: a clock that is set forward - ends no attempt', async () => {
  const { how } = await ended(`
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    const watch = timeout(600_000);
    watch.begin(7);
    Date.now = now;
    setTimeout(() => process.exit(0), 300);`);
  expect(how).toBe(null);
});
