import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const MODULE = fileURLToPath(new URL('../../dist/process/standard-output.js', import.meta.url));
const LINES = 3000;

test('a line - is JSON that no terminal obeys', () => {
  const text = 'a\u009b2J\u007f\u202e\u001b[2J\nb';
  const program = `import { printLog } from ${JSON.stringify(pathToFileURL(MODULE).href)};
printLog('info', ${JSON.stringify(text)});`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\n./);
  expect(JSON.parse(stdout)).toMatchObject({ level: 'info', message: text });
});

test('SO1: lines - go through a pipe that is full and does not wait, whole and in order', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kt-output-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const program = join(dir, 'program.mjs');
  const text = `import { printLine } from ${JSON.stringify(MODULE)};
void process.stdout.writable;
for (let n = 0; n < ${LINES}; n++) if (!printLine({ n, text: 'x'.repeat(200) })) process.exit(1);
`;
  await writeFile(program, text);
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    // The reader is slower than the writer.
    child.stdout.pause();
    setImmediate(() => child.stdout.resume());
  });
  expect(await new Promise(resolve => child.on('close', resolve))).toBe(0);
  const lines = out.trim().split('\n');
  expect(lines.map(line => (JSON.parse(line) as { n: number }).n)).toEqual(
    Array.from({ length: LINES }, (_, n) => n),
  );
});
