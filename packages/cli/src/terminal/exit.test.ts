/** Exit codes, and errors as sentences. */
import { KtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { EXIT, exitCodeOf, printProblems, reportError } from './exit.js';

/** What is printed to standard error. */
function printed(): { lines: string[]; output: Parameters<typeof reportError>[1] } {
  const lines: string[] = [];
  const output = {
    out: expect.unreachable,
    err: (text: string) => void lines.push(text),
    live: false as const,
    columns: 80,
  };
  return { lines, output };
}

test.each([
  ['Completed', 0],
  ['Failed', 1],
  ['Cancelled', 1],
  ['Interrupted', 130],
] as const)('exitCodeOf - a run that is %s ends with %i', (status, code) => {
  expect(exitCodeOf(status)).toBe(code);
});

test.each([
  ['BAD_PARAM', EXIT.badInput],
  ['STORE_FAILED', EXIT.unreachable],
  ['PREFLIGHT_FAILED', EXIT.unreachable],
  ['CONTROLLER_FAILED', EXIT.unreachable],
  ['REGISTRY_UNREACHABLE', EXIT.unreachable],
  ['CLUSTER_UNREACHABLE', EXIT.unreachable],
])('reportError - %s is a sentence, and ends with %i', async (code, exit) => {
  const { lines, output } = printed();
  const error = new KtError({ code, path: 'jobs[0]', message: 'No good.', hint: 'Mend it.' });
  expect(await reportError(error, output)).toBe(exit);
  expect(lines).toEqual([`error ${code}  jobs[0]: No good. Mend it.`]);
});

test('reportError - what is no KtError is a bug of ours, and keeps its stack', async () => {
  const { lines, output } = printed();
  expect(await reportError(new TypeError('x is not a function'), output)).toBe(EXIT.bug);
  expect(lines[0]).toMatch(/^error This is a bug in kt: TypeError: x is not a function\n +at /);
  expect(await reportError('thrown', output)).toBe(EXIT.bug);
  expect(lines[1]).toBe('error This is a bug in kt: thrown');
});

test('printProblems - the first fifty, and how many more', async () => {
  const { lines, output } = printed();
  const problems = Array.from({ length: 53 }, (_, i) => ({
    code: 'BAD',
    path: `jobs[${i}]`,
    message: 'No.',
  }));
  await printProblems(problems, output);
  expect(lines).toHaveLength(51);
  expect(lines.slice(49)).toEqual(['error BAD  jobs[49]: No.', '… and 3 more']);
});
