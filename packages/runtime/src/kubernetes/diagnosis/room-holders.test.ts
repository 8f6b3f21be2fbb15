/** Who holds the room in a namespace. */
import { expect, test } from 'vitest';
import type { Pod } from '../api/objects.js';
import { LABEL } from '../manifests/names.js';
import { roomHolders } from './room-holders.js';

const pod = (
  run: string,
  component: 'task' | 'controller' = 'task',
  phase: 'Running' | 'Failed' = 'Running',
) =>
  ({
    metadata: { name: 'p', labels: { [LABEL.run]: run, [LABEL.component]: component } },
    spec: { nodeName: 'n' },
    status: { phase },
  }) satisfies Pod;

test.each<[string, Pod[], string]>([
  ['nobody', [], ''],
  ['the run itself', [pod('mine'), pod('mine', 'controller')], ''],
  ['pods that have ended', [pod('a', 'task', 'Failed')], ''],
  ['a pod without a node', [{ ...pod('a'), spec: {} }], ''],
  ['one run', [pod('a')], 'a (1 pod)'],
  [
    'many runs, the largest first',
    [pod('a'), pod('b'), pod('b'), pod('c'), pod('d'), pod('a', 'controller'), pod('b', 'controller')],
    'b (2 pods), a (1 pod), c (1 pod), 1 other run and 2 controllers',
  ],
])('the room is held by - %s', (_, pods, holders) => {
  const sentence =
    holders === '' ? '' : `In this namespace room is held by ${holders}: it goes on when they end.`;
  expect(roomHolders(pods, 'mine')).toBe(sentence);
});
