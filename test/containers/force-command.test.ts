/** `--force` as it is typed: for a new run, for a retry, and where it is not expected. */
import { expect, test } from 'vitest';
import { expectMistake, project, runKt } from '../kit/kt.js';

const MADE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const make = ktFunction(async (_, { files, log }) => { log.info('made'); await files.write('made', ''); });
export const read = ktFunction(async (_, { files, job }) => { await files.write(job, ''); });
export default pipeline('made', {})
  .job('make', make, () => ({}), { outputs: ['made'] })
  .job('read', read, () => ({}), { outputs: ['read'], after: ['make'] })
  .job('aside', read, () => ({}), { outputs: ['aside'] });
`;

test('kt run --force, kt retry --force - the steps that are named, and what comes after', async () => {
  const dir = await project({ 'pipelines/made.ts': MADE });
  const skipped = async (args: string[]): Promise<string[]> => {
    const { code, out, err } = await runKt(dir, [...args, '--json']);
    expect([code, err], out).toEqual([0, '']);
    const events = out
      .split('\n')
      .flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as object] : []));
    return events.flatMap(event =>
      'skipped' in event && event.skipped === true && 'job' in event ? [String(event.job)] : [],
    );
  };
  expect(await skipped(['run', 'made', '--run-id', 'r1', '--force', 'make'])).toEqual([]);
  expect((await skipped(['run', 'made', '--run-id', 'r2'])).sort()).toEqual(['aside', 'make', 'read']);
  expect(await skipped(['run', 'made', '--force', 'make', '--executor', 'processes'])).toEqual(['aside']);
  expect(await skipped(['run', 'made', '--force', 'make, aside'])).toEqual([]);
  expect(await skipped(['run', 'made', '--force', 'aside', '--force', 'read'])).toEqual(['make']);
  expect(await skipped(['retry', 'r2', '--force', 'read'])).toEqual([]);
});

test('--force - an unknown step, no step, and a run that goes on are refused by name', async () => {
  const dir = await project({ 'pipelines/made.ts': MADE });
  expectMistake(await runKt(dir, ['run', 'made', '--force', 'mkae']), /UNKNOWN_STEP.*--force.*"make"/s);
  expectMistake(await runKt(dir, ['run', 'made', '--force', 'a,,b']), /Expected names of steps/);
  expectMistake(await runKt(dir, ['run', '--resume', 'latest', '--force', 'make']), /UNEXPECTED_OPTION/);
  expect((await runKt(dir, ['runs'])).out).not.toContain('made-');
  expect((await runKt(dir, ['run', 'made', '--run-id', 'r1'])).code).toBe(0);
  expectMistake(await runKt(dir, ['retry', 'r1']), /MISSING_OPTION/);
  expectMistake(await runKt(dir, ['retry', 'r1', '--force', 'aisde']), /UNKNOWN_STEP.*"aside"/s);
});
