/**
 * Pipelines with what cannot be bundled as it is: native code, files beside the code, threads, packages that
 * look for files of their own.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localFileStore } from '@kube-transform/runtime';
import { readResults } from '@kube-transform/runtime/internal';
import { kt, makeProject } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { pushArgs } from '../kit/registry.js';

const PIPELINE = `import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { mask } from 'bufferutil';
import { transformSync } from 'esbuild';
import pino from 'pino';
import { ktFunction, pipeline } from '@kube-transform/sdk';
/** A program, in a package for each platform. */
export const native = ktFunction(async (_: object) => transformSync('let x: number = 1', { loader: 'ts' }).code);
/** Native code that lies in the package itself, for all platforms. */
export const prebuilt = ktFunction(async (_: object) => {
  const out = Buffer.alloc(4);
  mask(Buffer.from([1, 2, 3, 4]), Buffer.from([1, 1, 1, 1]), out, 0, 4);
  return [...out];
});
export const asset = ktFunction(async (_: object) => readFileSync(new URL('./words.txt', import.meta.url), 'utf8').trim().split('\\n').length);
export const thread = ktFunction((_: object) => new Promise<number>((resolve, reject) => {
  const worker = new Worker(new URL('../lib/square.ts', import.meta.url), { workerData: { n: 7 } });
  worker.on('message', resolve).on('error', reject);
}));
export const log = ktFunction(async (_: object) => {
  pino({ name: 'x' }).info('hello from pino');
  // A transport is a thread of pino's own.
  const transport = pino.transport({ target: 'pino/file', options: { destination: 1 } });
  pino(transport).info('hello from a thread of pino');
  transport.end();
  await once(transport, 'close');
  return 'logged';
});
export const all = ktFunction(async ({ parts }: { parts: unknown[] }) => parts);
const small = { cpu: '20m', memory: '128Mi' };
const beside = { ...small, placement: 'controller' } as const;
export default pipeline('nat', {})
  .job('native', native, () => ({}), beside)
  .job('prebuilt', prebuilt, () => ({}), small)
  .job('asset', asset, () => ({}), beside)
  .job('thread', thread, () => ({}), beside)
  .job('log', log, () => ({}), small)
  .job('all', all, ({ native, prebuilt, asset, thread, log }) => ({ parts: [native, prebuilt, asset, thread, log] }), small);
`;
const SQUARE = `import { parentPort, workerData } from 'node:worker_threads';
const square = (n: number): number => n * n;
parentPort?.postMessage(square((workerData as { n: number }).n));
`;
/** Without the type; each byte XOR 1; lines; 7 squared. */
const OUTCOME = ['let x = 1;\n', [0, 3, 2, 5], 3, 49, 'logged'];

let cluster: TestCluster;
let dir: string;

beforeAll(async () => {
  cluster = await testCluster('natives');
  dir = await makeProject({
    'pipelines/nat.ts': PIPELINE,
    'pipelines/words.txt': 'alpha\nbeta\ngamma\n',
    'lib/square.ts': SQUARE,
  });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

test('native packages, workers and assets run here', async () => {
  const ran = await kt(dir, ['run', 'nat', '--executor', 'processes', '--run-id', 'here']);
  expect(ran.err + ran.out).toContain('Completed');
  expect(await readResults(localFileStore(dir), 'here', 'all')).toEqual([OUTCOME]);
});

test.for(['bundle', 'registry'])(
  'native packages, workers and assets run in a cluster, by %s',
  async (delivery, { skip }) => {
    const push = delivery === 'registry' ? await pushArgs() : { args: [] };
    if (push.args === undefined) return skip(push.why);
    const ended = await kt(dir, [
      'submit',
      'nat',
      ...cluster.args,
      '--run-id',
      delivery,
      '--delivery',
      delivery,
      ...push.args,
      '--follow',
    ]);
    expect(ended.err + ended.out).toContain('Completed in');
    expect(ended.code).toBe(0);
    expect(await readResults(cluster.store, delivery, 'all')).toEqual([OUTCOME]);
    const logs = await kt(dir, ['logs', delivery, 'log']);
    expect(logs.out).toContain('hello from pino');
  },
);
