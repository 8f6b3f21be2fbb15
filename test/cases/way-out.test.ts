/** How the process of `kt` ends: 0 after what has completed, and after nothing else. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, type Ended, hasEnded, kt, project, runKt } from '../kit/kt.js';

/** A pipeline of a map over 0, 1 and 2 with a function of this body. */
const mapped = (
  body: string,
  top = '',
): string => `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
${top}
export const f = ktFunction(async ({ n }: { n: number }) => { ${body} return n; });
export default pipeline('p').map('f', f, () => each([0, 1, 2], n => ({ n })));
`;
const statusIn = async (dir: string): Promise<string> =>
  JSON.parse((await runKt(dir, ['status', 'latest', '--json'])).out).status;

test.each([0, 3])('WO1: process.exit(%i) in a function - kt says so, and how to go on', async code => {
  const dir = await project({ 'p.ts': mapped(`if (n === 1) process.exit(${code});`) });
  const ended = await kt(dir, ['run', 'p.ts', '--run-id', 'r']);
  expect(ended.code).toBe(130);
  expect(ended.err).toContain(`Ended by process.exit(${code}) before its end. It was at f[1].`);
  expect(ended.err).toContain('kt run --resume r');
  expect(await statusIn(dir)).toBe('Interrupted');
});

test.each([
  ['ends the process', 'process.exit(0);', 'Ended by process.exit(0) before its end'],
  ['never ends', 'await new Promise(() => undefined);', 'a promise that never settles'],
])('WO1: a module that %s when it is loaded - is bad input', async (_, top, words) => {
  const dir = await project({ 'p.ts': mapped('', top) });
  const ended = await kt(dir, ['check', 'p.ts']);
  expect(ended.code).toBe(2);
  expect(ended.err).toContain(words);
});

test('WO1, X3: a promise that never settles - its item is named, and the run can be resumed', async () => {
  const dir = await project({ 'p.ts': mapped('if (n === 1) await new Promise(() => undefined);') });
  const ended = await kt(dir, ['run', 'p.ts', '--run-id', 'r']);
  expect(ended.code).toBe(130);
  expect(ended.err).toContain('f[1] waits for a promise that can no longer settle');
  expect(ended.out).toContain('kt run --resume r');
  expect(await statusIn(dir)).toBe('Interrupted');
});

test('WO2: what functions leave open - is named, and ends with kt', async () => {
  const open = `if (n === 1) {
    setInterval(() => undefined, 10_000);
    writeFileSync('pid', String(spawn('sleep', ['1000'], { stdio: 'ignore' }).pid));
  }`;
  const dir = await project({ 'p.ts': mapped(open) });
  const ended = await kt(dir, ['run', 'p.ts']);
  expect(ended.code).toBe(0);
  expect(ended.out).toContain('Completed');
  expect(ended.err).toContain('The functions left open: 1 process, 1 timer. kt ends all the same.');
  const pid = Number(await readFile(join(dir, 'pid'), 'utf8'));
  await expect.poll(() => hasEnded(pid), { interval: 10, timeout: 5000 }).toBe(true);
});

test('WO2: a function that ends the process after the run - changes nothing of how it ended', async () => {
  const dir = await project({
    'p.ts': mapped('process.once("beforeExit", () => process.exit(9)); throw new Error("no");'),
  });
  const { code, out } = await kt(dir, ['run', 'p.ts']);
  expect(out).toContain('3 of 3 items failed');
  expect(code).toBe(1);
});

test.each([
  ['completes', '', 0, 'Completed'],
  ['fails', 'throw new Error("no");', 1, 'Failed'],
])('WO3: nobody reads on, and the run %s - it goes on to its end', async (_, body, code, status) => {
  const dir = await project({ 'p.ts': mapped(body) });
  expect((await headOf(dir, ['run', 'p.ts', '--json'])).code).toBe(code);
  expect(await statusIn(dir)).toBe(status);
});

test('WO3: nobody reads what is only told - kt ends as other programs do', async () => {
  const dir = await project({
    'p.ts': mapped('for (let i = 0; i < 400; i++) console.log("x".repeat(1000));'),
  });
  await runKt(dir, ['run', 'p.ts']);
  expect((await headOf(dir, ['logs', 'latest'])).code).toBe(141);
});

/** Runs kt, of which only the first words are read. */
function headOf(dir: string, args: readonly string[]): Promise<Pick<Ended, 'code'>> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => child.stdout.destroy());
  return new Promise(resolve => child.once('close', code => resolve({ code })));
}
