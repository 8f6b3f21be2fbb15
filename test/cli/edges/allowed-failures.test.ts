/** Failures that a step allows: how many there were, and how many there may be. */
import { expect, test } from 'vitest';
import { project, runKt } from '../../kit/kt.js';

const LENIENT = `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
export const work = ktFunction(({ i }: { i: number }) => { if (i % 4 === 1) throw new Error('no answer from host-' + i); return i; });
export default pipeline('lenient').map('work', work, () => each([0, 1, 2, 3, 4, 5], i => ({ i })), { maxFailed: '50%' });
`;

test('failures that are allowed - are told with how many may be, at the end and in the status', async () => {
  const dir = await project({ 'lenient.ts': LENIENT });
  const { code, out } = await runKt(dir, ['run', 'lenient.ts', '--run-id', 'r']);
  expect(out).toMatch(/: 1 step, 2 items failed as allowed \(work: 2 of at most 50%\)\. Run r$/m);
  expect(code).toBe(0);
  expect((await runKt(dir, ['status', 'r'])).out).toMatch(/work {2}6\/6 items {2}2 failed \(50% may\)$/m);
});
