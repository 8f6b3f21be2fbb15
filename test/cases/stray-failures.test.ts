/** What fails without anybody waiting for it fails the item it comes from, and `kt` goes on. */
import { expect, test } from 'vitest';
import { kt, project, runKt } from '../kit/kt.js';

const STRAY = `import { type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
export const rejects = ktFunction(async () => { void Promise.reject(new Error('nobody looks')); await wait(200); return 1; });
export const throwsLate = ktFunction(async () => { setTimeout(() => { throw new Error('late'); }, 20); await wait(200); return 1; });
export const once = ktFunction({ retries: 1, backoff: { initial: '1ms' } }, async (_: object, { attempt }: KtContext) => {
  if (attempt === 1) void Promise.reject(10n);
  await wait(50);
  return attempt;
});
export const leaves = ktFunction(() => { setTimeout(() => { throw new Error('left behind'); }, 20); return 1; });
export const innocent = ktFunction(async () => { await wait(300); return 1; });
export default pipeline('stray')
  .job('rejects', rejects)
  .job('throwsLate', throwsLate)
  .job('once', once)
  .job('leaves', leaves)
  .job('innocent', innocent);
`;

test.each(['in-process', 'processes'])(
  'SF1: a stray failure, %s - fails its item and no other',
  async executor => {
    const dir = await project({ 'stray.ts': STRAY });
    const { code, out, err } = await kt(dir, [
      'run',
      'stray.ts',
      '--store',
      'file:s',
      '--executor',
      executor,
      '--jobs',
      '4',
    ]);
    expect(code).toBe(1);
    expect(out + err).not.toMatch(/node:internal|Node\.js v|bug in kt/);
    const ask = async (...args: string[]): Promise<string> =>
      (await runKt(dir, [...args, '--store', 'file:s'])).out;
    const status = await ask('status', 'latest');
    expect(status).toContain('nobody looks in stray.ts:3  (rejects[0])');
    expect(status).toContain('late in stray.ts:4  (throwsLate[0])');
    for (const step of ['once', 'leaves', 'innocent'])
      expect(status).toMatch(new RegExp(`Completed +${step} `));
    expect(status).toMatch(/once +1\/1 item +1 retried/);
    expect(await ask('logs', 'latest', 'leaves')).toMatch(/after the function had returned, .*left behind/);
  },
);

test('SF1: a stray failure - of nobody known fails each item under way', async () => {
  const dir = await project({
    'stray.ts': `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
let begun = 0;
let go: (value: void) => void;
void new Promise<void>(resolve => (go = resolve)).then(() => { throw new Error('of the module'); });
export const work = ktFunction(async () => { if (++begun === 2) go(); await new Promise(resolve => setTimeout(resolve, 300)); return 1; });
export default pipeline('stray').map('work', work, () => each([1, 2], n => ({ n })));
`,
  });
  const { code, out } = await kt(dir, ['run', 'stray.ts', '--store', 'file:s']);
  expect(code).toBe(1);
  expect(out).toContain('work[0]: failed after 1 attempt – of the module');
  expect(out).toContain('work[1]: failed after 1 attempt – of the module');
});
