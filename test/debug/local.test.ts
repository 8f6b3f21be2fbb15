/** `kt debug --local`: the function of an item here, under a debugger that really attaches. */
import { expect, test } from 'vitest';
import { BIN, expectMistake, project, run, runKt } from '../kit/kt.js';
import { Inspector } from './inspector.js';

const STEPS = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const list = ktFunction(() => ['a', 'it\\'s "b"', 'ü $HOME\\n../x']);
export const work = ktFunction({ input: z.object({ name: z.string(), index: z.number() }) }, async function (given, { log }) {
  debugger;
  log.info('called with ' + given.index);
  if (given.index === 1) throw new Error('no such column');
  return given.index;
});
export default pipeline('steps', {})
  .job('list', list, () => ({}))
  .map('work', work, ({ list }) => list.each((name, index) => ({ name, index })), { maxFailed: 1 });
`;

async function ran(): Promise<string> {
  const dir = await project({ 'steps.ts': STEPS });
  const { code, err, out } = await runKt(dir, ['run', 'steps.ts', '--run-id', 'r1', '--store', 'file:data']);
  expect(code, err + out).toBe(0);
  return dir;
}
const debug = (selector: string, ...more: string[]): string[] => [
  ...['debug', 'r1', selector, '--local', '--store', 'file:data'],
  ...more,
];
const results = (dir: string): Promise<string> =>
  runKt(dir, ['status', 'r1', '--store', 'file:data', '--json']).then(({ out }) => out);

/** The port that a process says that it listens on. */
const portIn = (text: string): number => Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(text)?.[1] ?? '0');

test('kt debug --local - calls the function with the arguments of the item, once a debugger has come', async () => {
  const dir = await ran();
  const before = await results(dir);
  for (const [item, code, said] of [
    [2, 0, /Item 2 of step .*work.* returned its result.*"result":2/],
    [1, 1, /Item 1 of step .*work.* failed: no such column/],
  ] as const) {
    let seen: Promise<unknown> | undefined;
    const onErr = (text: string): void => {
      const port = portIn(text);
      if (port > 0) seen ??= inspect(port);
    };
    const command = [BIN, ...debug(`work/${item}`, '--inspect', '0')];
    const { out, err, code: left } = await run(process.execPath, command, { dir, onErr });
    expect(err).toContain('Debugger listening on ws://127.0.0.1:');
    expect(JSON.parse(String(await seen))).toEqual({
      name: ['a', 'it\'s "b"', 'ü $HOME\n../x'][item],
      index: item,
    });
    expect(out).toMatch(said);
    expect(out).toContain(`called with ${item}`);
    expect(left).toBe(code);
  }
  expect(await results(dir)).toBe(before);
});

async function inspect(port: number): Promise<unknown> {
  const debugged = await Inspector.attach(port);
  const seen = await debugged.evaluateAtStatement('JSON.stringify(arguments[0])');
  await debugged.leave();
  return seen;
}

test('kt debug - what cannot be called here is refused with what can', async () => {
  const dir = await ran();
  expectMistake(await runKt(dir, debug('work')), /MISSING_ITEM .*"work" has 3 items/);
  expectMistake(await runKt(dir, debug('work/3')), /UNKNOWN_ITEM .*has no item "3"/);
  expectMistake(await runKt(dir, debug('wrok/0')), /UNKNOWN_JOB/);
  expectMistake(
    await runKt(dir, ['debug', 'r1', 'work/0', '--store', 'file:data']),
    /NOT_IN_A_CLUSTER .*has no pods(.|\n)*--local/,
  );
  expectMistake(await runKt(dir, debug('work/0', '--image', 'x')), /NOT_IN_A_CLUSTER/);
});
