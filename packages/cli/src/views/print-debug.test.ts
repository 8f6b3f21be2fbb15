import { expect, test } from 'vitest';
import type { Debugging } from '../backends/backend.js';
import { debugLines, inspectLine } from './print-debug.js';

const pod: Extract<Debugging, { kind: 'pod' }> = {
  ...{
    kind: 'pod',
    context: 'my cluster',
    namespace: 'ns',
    job: 'kt-load-4-debug',
    pod: 'kt-load-4-debug-x1',
  },
  ...{ item: 4, words: ['load', 'it\'s "b"\n$HOME'], isWorker: false },
  inspect: () => Promise.reject(new Error('it is not asked')),
};
const shown = { keepMs: 30 * 60_000, isInspected: false };
const to = `kubectl --context 'my cluster' -n ns`;

test('a container - is told how to get in, what it would have run, and how to end it', () => {
  expect(debugLines(pod, shown)).toEqual([
    'Pod kt-load-4-debug-x1 waits, with all that item 4 had, for 30 min from its start.',
    `Get in:      ${to} exec -it kt-load-4-debug-x1 -c main -- sh`,
    'It would have run, and in the pod eval "$KT_COMMAND" runs:',
    `  load 'it'\\''s "b"\n  $HOME'`,
    `End it:      ${to} delete job kt-load-4-debug`,
  ]);
  expect(debugLines({ ...pod, words: [] }, shown)).toContain(
    'It ran what its image runs by itself: its pod named no command.',
  );
});

test('a function - is told how to run the item; under a debugger it runs by itself', () => {
  const words = ['node', '--max-old-space-size=140', '/kt/bundle/worker.mjs'];
  const worker = { ...pod, words, isWorker: true };
  const run = `${to} exec -it kt-load-4-debug-x1 -c main -- node --max-old-space-size=140 /kt/bundle/worker.mjs`;
  expect(debugLines(worker, shown)).toContain(`Run the item: ${run}`);
  expect(debugLines(worker, { ...shown, isInspected: true }).join('\n')).not.toContain('Run the item');
  expect(inspectLine(9230)).toMatch(/^Debugger: {4}127\.0\.0\.1:9230 .*chrome:\/\/inspect/);
});

test('a kubeconfig and a time - are those that were asked for', () => {
  const lines = debugLines(pod, { kubeconfig: '/a b/config', keepMs: 7_200_000, isInspected: false });
  expect(lines[0]).toContain('for 2 h from');
  expect(lines[1]).toContain(`--kubeconfig '/a b/config' exec`);
  expect(debugLines(pod, { ...shown, keepMs: 90_000 })[0]).toContain('for 90 s from');
});
