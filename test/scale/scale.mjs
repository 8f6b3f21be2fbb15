/**
 * `node test/scale/scale.mjs [FRACTION]`: runs as large as people make them, for a night: 1,000,000 items
 * in-process, as many in processes, 100,000 jobs with nothing to run, each run, resumed, shown, retried and
 * deleted. Prints the time and the peak memory of the driver and of the largest worker.
 *
 * What a controller does (drives items in other processes, drives jobs that are stored) has the heap that Node
 * gives its pod, and may take 256 MiB.
 *
 * A FRACTION (default 1) makes all of them smaller. Ends with 1 where a command does not end as it should.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KT = join(ROOT, 'packages/cli/bin/kt.js');
const fraction = Number(process.argv[2] ?? 1);
const sized = count => Math.max(10, Math.round(count * fraction));

const dir = mkdtempSync(join(tmpdir(), 'kt-scale-'));
mkdirSync(join(dir, 'pipelines'));
symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
writeFileSync(
  join(dir, 'pipelines/wide.ts'),
  `import { ktFunction, pipeline } from '@kube-transform/sdk';
import { existsSync } from 'node:fs';
import * as z from 'zod';
export const list = ktFunction(({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i));
export const one = ktFunction(({ x }: { x: number }) => x);
const isMended = () => existsSync(new URL('mended', 'file://' + process.cwd() + '/'));
export const check = ktFunction(() => {
  if (!isMended()) throw new Error('not mended');
});
export const sum = ktFunction(({ xs }: { xs: number[] }) => {
  if (!isMended()) throw new Error('not mended');
  return xs.reduce((a, b) => a + b, 0);
});
export default pipeline('wide', { params: z.object({ n: z.number() }) })
  .job('list', list, ({ params }) => ({ n: params.n }))
  .map('one', one, ({ list }) => list.each(x => ({ x })))
  .job('sum', sum, ({ one }) => ({ xs: one }));
`,
);
const jobs = Array.from({ length: sized(100_000) }, (_, i) => ({ type: 'static', name: `j${i}`, tasks: [] }));
jobs.push({ type: 'static', name: 'last', tasks: [{ function: 'wide.check' }] });
writeFileSync(join(dir, 'jobs.json'), JSON.stringify({ name: 'jobs', jobs }));

/** Each process of a command writes down its peak memory, in KiB, when it ends. */
const peaks = join(dir, 'peaks');
writeFileSync(
  join(dir, 'peak.mjs'),
  `import { appendFileSync } from 'node:fs';
const kind = process.env.KT_WORKER_STORE === undefined ? 'driver' : 'worker';
process.on('exit', () => appendFileSync(${JSON.stringify(peaks)}, kind + ' ' + process.resourceUsage().maxRSS + '\\n'));
`,
);

/** In MiB; the heap is half of a controller's limit. */
const [CONTROLLER_HEAP, CONTROLLER_PEAK] = [256, 256];
let isRight = true;
const kt = (name, args, how) => run(name, [KT, ...args], how);

function run(name, args, { code = 0, isController = false } = {}) {
  writeFileSync(peaks, '');
  const began = performance.now();
  const { status, stderr, stdout } = spawnSync(process.execPath, args, {
    cwd: dir,
    env: {
      ...process.env,
      NODE_OPTIONS: `--import ${join(dir, 'peak.mjs')}${isController ? ` --max-old-space-size=${CONTROLLER_HEAP}` : ''}`,
    },
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const peak = kind =>
    readFileSync(peaks, 'utf8')
      .split('\n')
      .filter(line => line.startsWith(kind))
      .reduce((most, line) => Math.max(most, Number(line.split(' ')[1]) / 1024), 0);
  const isLarge = isController && peak('driver') > CONTROLLER_PEAK;
  if (isLarge) isRight = false;
  const [driver, worker] = [peak('driver'), peak('worker')].map(mib => `${Math.round(mib)} MiB`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${name}: ${seconds} s, driver ${driver}${worker === '0 MiB' ? '' : `, worker ${worker}`}${isLarge ? `, MORE than ${CONTROLLER_PEAK} MiB` : ''}`,
  );
  if (status === code) return;
  isRight = false;
  console.log(`  ended with ${status}: ${(stderr + stdout).trim().split('\n').slice(-3).join('\n  ')}`);
}

/** A run whose last step fails until it is mended, and what is done with one that has ended. */
function lives(name, id, { isController, command: [what, ...args] }) {
  const mended = join(dir, 'mended');
  rmSync(mended, { force: true });
  kt(`${name}, run`, ['run', what, ...args, '--run-id', id], { code: 1, isController });
  if (what.endsWith('.json'))
    run(`${name}, controller`, [join(ROOT, 'test/scale/drive.mjs'), dir, id], { isController: true });
  kt(`${name}, resume`, ['run', '--resume', id], { code: 1, isController });
  kt(`${name}, status`, ['status', id, '--json']);
  writeFileSync(mended, '');
  kt(`${name}, retry`, ['retry', id, '--failed'], { isController });
  kt(`${name}, gc`, ['gc', '--older-than', '0s', '--keep', '0']);
}

try {
  const n = String(sized(1_000_000));
  lives(`${n} items in-process`, 'in', { isController: false, command: ['wide', '--n', n] });
  const pool = ['wide', '--n', n, '--executor', 'processes'];
  lives(`${n} items in processes`, 'pool', { isController: true, command: pool });
  const many = ['jobs.json', '--functions', 'pipelines/wide.ts'];
  lives(`${jobs.length} jobs with nothing to run`, 'jobs', { isController: false, command: many });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = isRight ? 0 : 1;
