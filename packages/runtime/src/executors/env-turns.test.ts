/** Work in one environment goes together, work in another waits. */
import { expect, test } from 'vitest';
import { EnvTurns } from './env-turns.js';

/** Work that sees an environment, and ends when it is told. */
function work(environment: NodeJS.ProcessEnv) {
  let end = (): void => undefined;
  const seen: (string | undefined)[] = [];
  return {
    seen,
    end: () => end(),
    go: () => {
      seen.push(environment['A']);
      return new Promise<void>(resolve => (end = resolve));
    },
  };
}
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test('work in one environment - goes together; work in another waits, and is told so', async () => {
  const environment: NodeJS.ProcessEnv = { A: 'own' };
  const turns = new EnvTurns(environment);
  const [one, same, other] = [work(environment), work(environment), work(environment)];
  const told: boolean[] = [];
  const never = (): never => expect.unreachable();
  const all = [
    turns.within({ A: '1', B: 'b' }, one.go, never),
    turns.within({ A: '2' }, other.go, waits => told.push(waits)),
    turns.within({ B: 'b', A: '1' }, same.go, never),
  ];
  await turn();
  expect([one.seen, same.seen, other.seen, told]).toEqual([['1'], ['1'], [], [true]]);
  one.end();
  await turn();
  expect(other.seen).toEqual([]);
  same.end();
  await turn();
  expect([other.seen, told, environment['B']]).toEqual([['2'], [true, false], undefined]);
  other.end();
  await Promise.all(all);
  expect(environment).toEqual({ A: 'own' });
});

test('work that fails - leaves the environment as it was, and lets others go on', async () => {
  const environment: NodeJS.ProcessEnv = {};
  const turns = new EnvTurns(environment);
  const failing = turns.within(
    { A: '1' },
    () => Promise.reject(new Error('no')),
    () => undefined,
  );
  const next = turns.within(
    {},
    () => Promise.resolve(environment['A']),
    () => undefined,
  );
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBeUndefined();
});
