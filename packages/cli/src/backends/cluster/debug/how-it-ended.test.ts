import { expect, test } from 'vitest';
import { howItEnded } from './how-it-ended.js';

const ended = (message: string): string | null =>
  howItEnded({
    metadata: { name: 'p' },
    status: {
      containerStatuses: [
        { name: 'main', state: { terminated: { exitCode: 78, reason: 'Error', message } } },
      ],
    },
  });

test('how a pod ended - is told with its last words, not with what a worker keeps for its controller', () => {
  expect(ended('{"format":1,"begun":[],"last":1}')).toBe('Pod p ended with exit code 78 (Error)');
  expect(ended('{"format":1,"begun":[],"message":"It is full."}')).toBe(
    'Pod p ended with exit code 78 (Error): It is full.',
  );
  expect(ended('no such file\n')).toBe('Pod p ended with exit code 78 (Error): no such file');
});
