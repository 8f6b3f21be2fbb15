/** The command line: in this process, and built and run as people run it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'packages/cli/bin/kt.js');

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** The working folder of this process, lent to work that takes it from there. */
class InFolder {
  readonly #home = process.cwd();
  #dir: string | undefined;
  #working = 0;
  #waiting: (() => void)[] = [];

  /** Does work in a folder. Work in the same folder goes together, work in another one waits. */
  async within<T>(dir: string, work: () => Promise<T>): Promise<T> {
    while (this.#working > 0 && this.#dir !== dir)
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    this.#dir = dir;
    this.#working++;
    process.chdir(dir);
    try {
      return await work();
    } finally {
      if (--this.#working === 0) {
        process.chdir(this.#home);
        for (const go of this.#waiting.splice(0)) go();
      }
    }
  }
}

// What the person at the keyboard has set is no part of a test.
for (const name of ['KT_STORE', 'DATA_DIR', 'FORCE_COLOR']) Reflect.deleteProperty(process.env, name);
process.env['NO_COLOR'] = '1';
const folders = new InFolder();

/**
 * Runs the built `kt` in a folder, in this process: for all but signals, pipes and what a process leaves
 * behind.
 */
export function runKt(dir: string, args: readonly string[]): Promise<Ended> {
  return folders.within(dir, async () => {
    const ended = { out: '', err: '' };
    const { runCli } = await import('../../packages/cli/dist/program.js');
    const code = await runCli(args, {
      out: text => void (ended.out += `${text}\n`),
      err: text => void (ended.err += `${text}\n`),
      live: false,
      columns: 100,
    });
    return { ...ended, code };
  });
}

/**
 * Runs the built `kt` in a folder, as a process. `onOut` sees all it has printed each time more comes, and
 * may send it a signal: each goes once.
 */
export async function kt(
  dir: string,
  args: readonly string[],
  onOut: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const ended = await run(process.execPath, [BIN, ...args], { dir, onOut });
  if (ended.err.includes('MaxListenersExceededWarning')) throw new Error(ended.err);
  return ended;
}

type OnText = (text: string, kill: (signal: NodeJS.Signals) => void) => void;

/** Runs any program in a folder. */
export function run(
  program: string,
  args: readonly string[],
  { dir, onOut = () => undefined, onErr = () => undefined }: { dir: string; onOut?: OnText; onErr?: OnText },
): Promise<Ended> {
  const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, out: '', err: '' };
  const sent = new Set<NodeJS.Signals>();
  const kill = (signal: NodeJS.Signals): void => {
    if (!sent.has(signal)) child.kill(signal);
    sent.add(signal);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    ended.out += chunk.toString();
    onOut(ended.out, kill);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ended.err += chunk.toString();
    onErr(ended.err, kill);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ ...ended, code }));
  });
}

/** Whether a process has ended; one that waits to be reaped has. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

/** A mistake of the user's: exit code 2, a sentence that says it, no stack trace. */
export function expectMistake({ code, out, err }: Ended, sentence: RegExp): void {
  expect(err).toMatch(sentence);
  expect(err + out).not.toMatch(/^\s+at |This is a bug/m);
  expect(err.trim()).toMatch(/^error [A-Z_]+ {2}\S/);
  expect(code).toBe(2);
}

/** A folder that is gone after the test, with files and this workspace's packages. */
export async function project(files: Record<string, string> = {}): Promise<string> {
  const dir = await makeProject(files);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** As {@link project}, but it stays until somebody deletes it. */
export async function makeProject(files: Record<string, string>): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'kt-cli-')));
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

/** As {@link makeProject}, with a folder of packages of its own, into which files may be written. */
export async function projectWithPackages(files: Record<string, string>): Promise<string> {
  const dir = await makeProject({});
  const own = join(dir, 'node_modules');
  await rm(own);
  await mkdir(own);
  for (const name of ['@kube-transform', '@zenfs', 'zod'])
    await symlink(join(ROOT, 'node_modules', name), join(own, name));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

/** A pipeline of three jobs whose map fails for every third item, until `fixed` exists. */
export const SHAKY = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const list = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => Array.from({ length: n }, (_, i) => i));
export const work = ktFunction({ input: z.object({ i: z.number() }), retries: 1, backoff: { initial: '1ms' } }, async ({ i }, { log, files }) => {
  log.info('working on ' + i, { i });
  if (i % 3 === 1 && !(await files.exists('fixed'))) throw new Error('no answer from host-' + i);
  return i;
});
export const report = ktFunction({ input: z.object({ all: z.array(z.number()) }) }, async ({ all }) => all.length);
export default pipeline('shaky', { params: z.object({ n: z.number().default(7), label: z.enum(['a', 'b']).default('a') }) })
  .job('list', list, ({ params }) => ({ n: params.n }))
  .map('work', work, ({ list }) => list.each(i => ({ i })))
  .job('report', report, ({ work }) => ({ all: work }));
`;
