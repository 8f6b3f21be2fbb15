/** Rendering lists of schedules of Meltano, as people do. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { BIN, type Ended, run, runKt } from '../kt.js';
import { cronJobsOf, filesIn } from './golden-cases.js';

export const job = (name: string, more: object = {}): object => ({
  ...{ name, interval: '@daily', cron_interval: '0 0 * * *', env: {}, job: { name: 'load', tasks: [] } },
  ...more,
});
export const listOf = (...jobs: object[]): string => JSON.stringify({ schedules: { job: jobs, elt: [] } });
export const THREE = listOf(job('one'), job('two'), job('three'));

export const render = (dir: string, ...args: string[]): Promise<Ended> =>
  runKt(dir, ['render', 'meltano', '--from', 'list.json', '-D', 'out', ...args]);
export const namesIn = async (dir: string): Promise<string[]> =>
  cronJobsOf(await filesIn(join(dir, 'out'))).map(({ metadata }) => metadata.name);

/** Runs kt as a process, with a program called meltano before all others. */
export async function withMeltano(dir: string, script: string, ...args: string[]): Promise<Ended> {
  await mkdir(join(dir, 'bin'), { recursive: true });
  await writeFile(join(dir, 'bin/meltano'), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, 'bin/meltano'), 0o755);
  const path = `PATH=${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  return run(
    'env',
    ['-u', 'MELTANO_ENVIRONMENT', path, process.execPath, BIN, 'render', 'meltano', ...args],
    { dir },
  );
}
