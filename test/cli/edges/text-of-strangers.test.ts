/** Names and messages that others have written are shown; neither a terminal nor a shell obeys them. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, project, run, runKt } from '../../kit/kt.js';

const EVIL = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const f = ktFunction((_, { log }) => {
  log.info('a\\u001b]0;TITLE\\u0007\\u001b[2Jb\\rc\\u009b2J\\nforged: Completed');
  throw new Error('boom\\u001b]0;TITLE\\u0007\\u001b[2J\\nnext-step: Completed');
});
export default pipeline('evil').job('m', f, () => ({}));
`;
const STEERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;

const foreignRun = (name: string, pipeline = 'x'): Record<string, string> => ({
  [`kt-metadata/${name}/spec.json`]: JSON.stringify({
    ...{ runId: name, pipeline: { name: pipeline, jobs: [], schedules: [] }, params: {} },
    ...{ createdAtMs: 1, source: null, retryOf: null },
  }),
});

test('text of strangers - in messages and logs neither steers the terminal nor forges a line', async () => {
  const dir = await project({ 'evil.ts': EVIL });
  const ran = await runKt(dir, ['run', 'evil.ts', '--run-id', 'r']);
  const shown = await Promise.all(
    [
      ['status', 'r'],
      ['logs', 'r'],
      ['logs', 'r', '--failed'],
      ['logs', 'r', '--json'],
    ].map(args => runKt(dir, args)),
  );
  const all = [ran, ...shown].map(({ out, err }) => out + err).join('');
  expect(all).toContain('boom\\x1b]0;TITLE\\x07\\x1b[2J');
  expect(all).toContain('b\\rc\\u009b2J');
  expect(all).not.toMatch(STEERS);
  expect(all).not.toMatch(/^(next-step|forged): Completed/m);
  expect(all).toMatch(/^ {2}\| next-step: Completed/m);
});

test('text of strangers - in the files of a run neither steers the terminal nor forges a line', async () => {
  const dir = await project(foreignRun('a', 'a\u001b[2J\rb\nnext-step: Completed'));
  const [listed, shown] = [await runKt(dir, ['runs']), await runKt(dir, ['status', 'a'])];
  const all = [listed, shown].map(({ out, err }) => out + err).join('');
  expect(all.split('a\\x1b[2J\\rb')).toHaveLength(3);
  expect(all).not.toMatch(STEERS);
  expect(all).not.toMatch(/^next-step/m);
});

test('completion - Tab runs nothing that a name says', async () => {
  const names = ['$(touch RAN)', '`touch RAN2`', 'a b', '*', "it's", 'two\nlines'];
  const dir = await project({
    ...Object.fromEntries(names.flatMap(name => Object.entries(foreignRun(name)))),
    ...foreignRun('a-run'),
    'in/$(touch RAN3)': '',
    'pipelines/$(touch RAN4).ts': '',
  });
  await mkdir(join(dir, 'bin'));
  await symlink(BIN, join(dir, 'bin/kt'));
  await chmod(BIN, 0o755);
  const script = `PATH="$PWD/bin:$PATH"; source <(kt completion bash) || exit 1
c() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _kt; printf '%s\\n' "\${COMPREPLY[@]}"; }
c kt status ''; c kt run ''; c kt graph x --out in/; c kt graph x --out 'in/$(touch RAN5)'`;
  const { out, err } = await run('bash', ['-c', script], { dir });
  expect(err).toBe('');
  const offered = out.trim().split('\n');
  expect(offered).toEqual(expect.arrayContaining(['a-run', '$(touch RAN4)', 'in/$(touch RAN3)']));
  for (const name of names) expect(offered).not.toContain(name);
  expect(['RAN', 'RAN2', 'RAN3', 'RAN4', 'RAN5'].filter(name => existsSync(join(dir, name)))).toEqual([]);
});
