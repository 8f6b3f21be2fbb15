/**
 * `node test/scale/bucket.mjs STORE [ITEMS [A_POD]]`: a run of many items (default: 100,000, as many a pod as they
 * are worth) whose store is a bucket, and how long it then takes to look at it. Ends with 1 where that is more than five seconds, or a command fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KT = join(ROOT, 'packages/cli/bin/kt.js');
const LOOK_S = 5;
const [, , place = '', items = '100000', aPod] = process.argv;
if (!/^[a-z0-9]+:/.test(place)) throw new Error('Name a store: node test/scale/bucket.mjs s3://…');
// A folder of its own: all its runs are deleted in the end.
const store = place.replace(/\/?(\?|$)/, `/kt-scale-${process.pid}$1`);
const runId = `wide-${process.pid}`;

const dir = mkdtempSync(join(tmpdir(), 'kt-scale-bucket-'));
mkdirSync(join(dir, 'pipelines'));
symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
writeFileSync(
  join(dir, 'pipelines/wide.ts'),
  `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const list = ktFunction(({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i));
export const one = ktFunction(({ x }: { x: number }) => x);
export const sum = ktFunction(({ xs }: { xs: number[] }) => xs.reduce((a, b) => a + b, 0));
export default pipeline('wide', { params: z.object({ n: z.number() }) })
  .job('list', list, ({ params }) => ({ n: params.n }))
  .map('one', one, ({ list }) => list.each(x => ({ x })), ${aPod === undefined ? '{}' : `{ itemsPerPod: ${Number(aPod)} }`})
  .job('sum', sum, ({ one }) => ({ xs: one }));
`,
);

let isRight = true;
function kt(args, mostS = Infinity) {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [KT, ...args, '--store', store], {
    ...{ cwd: dir, encoding: 'utf8', maxBuffer: 2 ** 28 },
  });
  const seconds = (performance.now() - began) / 1000;
  const isLate = seconds > mostS;
  // A file of results that is looked at and holds less is no proof.
  if (args[0] === 'status' && !stdout.replaceAll(',', '').includes(items)) isRight = false;
  console.log(`kt ${args.join(' ')}: ${seconds.toFixed(1)} s${isLate ? `, MORE than ${mostS} s` : ''}`);
  if (status !== 0) console.log(`  ended with ${status}: ${(stderr + stdout).trim().slice(-500)}`);
  if (status !== 0 || isLate) isRight = false;
}

try {
  kt(['run', 'wide', '--n', items, '--executor', 'in-process', '--run-id', runId]);
  kt(['runs'], LOOK_S);
  kt(['status', runId], LOOK_S);
  kt(['status', runId, '--json'], LOOK_S);
  kt(['logs', runId, 'sum'], LOOK_S);
  kt(['gc', '--older-than', '0s', '--keep', '0']);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = isRight ? 0 : 1;
