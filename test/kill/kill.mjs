/**
 * Kills `kt run --executor processes` with SIGKILL at random moments of a 200-item map and resumes it, many
 * times over.
 *
 * After each run: every item has exactly one result, the sum is right, and no item was begun again after its
 * result was written. Usage: node test/kill/kill.mjs [kills=100] [seed]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = Number(process.argv[2] ?? 100);
let seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
console.log(`${wanted} kills, seed ${seed}`);
const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
const root = fileURLToPath(new URL('../..', import.meta.url));
const kt = join(root, 'packages/cli/bin/kt.js');
const steps = join(root, 'test/kill/steps.ts');
const SQUARES = Array.from({ length: 200 }, (_, n) => n * n).reduce((a, b) => a + b, 0);

function start(args, dir) {
  const env = { ...process.env, KT_KILL_TRACE: join(dir, 'trace') };
  const child = spawn(
    process.execPath,
    [kt, 'run', ...args, '--executor', 'processes', '--store', `file:${join(dir, 'store')}`, '--json'],
    {
      cwd: root,
      env,
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', chunk => (out += chunk));
  child.stderr.on('data', chunk => (err += chunk));
  const ended = new Promise(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended, text: () => out };
}

function* lines(folder) {
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    const writtenMs = statSync(path).mtimeMs;
    for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
      const value = JSON.parse(line);
      // The first line of a segment is about itself.
      if (value.segment === undefined) yield { ...value, writtenMs };
    }
  }
}

function check(dir, runId) {
  const results = new Map();
  for (const line of lines(join(dir, 'store/kt-metadata', runId, 'jobs/work/results'))) {
    const known = results.get(line.i) ?? [];
    results.set(line.i, [...known, line]);
  }
  const begun = readFileSync(join(dir, 'trace'), 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(' ').map(Number));
  let repeated = 0;
  for (const [n, atMs] of begun) if ((results.get(n)?.[0]?.writtenMs ?? Infinity) < atMs - 1) repeated++;
  let lost = 0;
  let twice = 0;
  let wrong = 0;
  for (let n = 0; n < 200; n++) {
    const found = results.get(n) ?? [];
    if (found.length === 0) lost++;
    if (found.length > 1) twice++;
    if (found.length > 0 && (found[0].r.n !== n || found[0].r.square !== n * n)) wrong++;
  }
  const [total] = [...lines(join(dir, 'store/kt-metadata', runId, 'jobs/sum/results'))];
  if (total.r.count !== 200 || total.r.total !== SQUARES) wrong++;
  return { lost, twice, wrong, repeated, begun: begun.length };
}

const fresh = () => mkdtempSync(join(tmpdir(), 'kt-kill-'));

/** How long an undisturbed run takes, so that kills fall within one. */
const quiet = fresh();
const since = performance.now();
await start([steps, '--run-id', 'quiet'], quiet).ended;
const usualMs = performance.now() - since;
rmSync(quiet, { recursive: true, force: true });

const sum = {
  runs: 0,
  kills: 0,
  endedBefore: 0,
  lost: 0,
  twice: 0,
  wrong: 0,
  repeated: 0,
  begunAgain: 0,
  notCompleted: 0,
};
while (sum.kills < wanted) {
  const dir = fresh();
  const runId = `kill-${sum.runs++}`;
  let run = start([steps, '--run-id', runId], dir);
  const times = 1 + Math.floor(random() * 3);
  for (let again = 0; again < times; again++) {
    const delay = new Promise(resolve => setTimeout(resolve, random() * usualMs));
    await Promise.race([delay, run.ended]);
    if (run.child.exitCode === null) {
      run.child.kill('SIGKILL');
      sum.kills++;
    } else sum.endedBefore++;
    await run.ended;
    run = start(
      existsSync(join(dir, 'store/kt-metadata', runId, 'spec.json'))
        ? ['--resume', runId]
        : [steps, '--run-id', runId],
      dir,
    );
  }
  const { code, out, err } = await run.ended;
  if (code !== 0) {
    sum.notCompleted++;
    console.log(`run ${runId}: exit ${code}\n${err}\n${out.split('\n').slice(-5).join('\n')}`);
    continue;
  }
  const seen = check(dir, runId);
  for (const key of ['lost', 'twice', 'wrong', 'repeated']) sum[key] += seen[key];
  sum.begunAgain += seen.begun - 200;
  rmSync(dir, { recursive: true, force: true });
  if (sum.runs % 10 === 0) console.log(JSON.stringify(sum));
}
console.table(sum);
const bad = sum.lost + sum.twice + sum.wrong + sum.repeated + sum.notCompleted;
console.log(bad === 0 ? 'every item done exactly once in the results' : `${bad} violations`);
process.exit(bad === 0 ? 0 : 1);
