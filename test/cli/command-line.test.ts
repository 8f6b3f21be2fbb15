/** What `kt` says of itself, and how it ends, as a process. */
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, expectMistake, project, run, runKt, SHAKY } from '../kit/kt.js';

const VERBS = [
  'init',
  'check',
  'graph',
  'run',
  'runs',
  'status',
  'logs',
  'retry',
  'bundle',
  'gc',
  'completion',
];

test('kt --help - is there for each command', async () => {
  const dir = await project();
  const [help, version, inWords, ...each] = await Promise.all([
    runKt(dir, ['--help']),
    runKt(dir, ['--version']),
    runKt(dir, ['help', 'gc']),
    ...VERBS.map(verb => runKt(dir, [verb, '--help'])),
  ]);
  for (const verb of VERBS) expect(help.out).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
  expect(help.out).not.toContain('__complete');
  expect(help.out).toContain('130 interrupted');
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(inWords.out).toContain('--older-than');
  for (const [i, { code, out, err }] of each.entries()) {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: kt ${VERBS[i]} `));
  }
});

test('kt - a mistyped command or option is a sentence with what was meant', async () => {
  const dir = await project();
  const [command, option, missing, choice] = await Promise.all([
    runKt(dir, ['stauts']),
    runKt(dir, ['runs', '--jsno']),
    runKt(dir, ['graph']),
    runKt(dir, ['completion', 'powershell']),
  ]);
  expectMistake(command, /UNKNOWN_COMMAND {2}kt: Unknown command "stauts"\. Did you mean "status"\?/);
  expectMistake(option, /UNKNOWN_OPTION {2}kt runs: Unknown option "--jsno"\. Did you mean "--json"\?/);
  expectMistake(
    missing,
    /MISSING_ARGUMENT {2}kt graph: Missing required argument "pipeline"\. See kt graph --help\./,
  );
  expectMistake(choice, /Allowed choices are bash, zsh, fish/);
});

test('bash completes verbs, options, choices, pipelines and runs', async () => {
  const dir = await project({
    'pipelines/shaky.ts': SHAKY,
    'pipelines/shaky.test.ts': '',
    'pipelines/other.mts': '',
    fixed: '',
  });
  await runKt(dir, ['run', 'shaky', '--run-id', 'a-run']);
  await mkdir(join(dir, 'bin'));
  await symlink(BIN, join(dir, 'bin/kt'));
  await chmod(BIN, 0o755);
  const script = `PATH="$PWD/bin:$PATH"; set -u; source <(kt completion bash) || exit 1
c() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _kt; echo "\${COMPREPLY[*]}"; }
c kt st; c kt run ''; c kt run s; c kt run --ex; c kt run --executor ''; c kt status a; c kt graph x --format s; c kt logs la; c kt completion ''`;
  const { out, err } = await run('bash', ['-c', script], { dir });
  expect(err).toBe('');
  expect(out.trim().split('\n')).toEqual([
    'status',
    'other shaky package.json',
    'shaky',
    '--executor',
    'in-process processes',
    'a-run',
    'svg',
    'latest',
    'bash zsh fish',
  ]);
  const [zsh, fish] = await Promise.all([
    runKt(dir, ['completion', 'zsh']),
    runKt(dir, ['completion', 'fish']),
  ]);
  expect(zsh.out).toMatch(/^#compdef kt\n/);
  expect(fish.out).toContain(
    "complete -c kt -n '__fish_seen_subcommand_from graph' -l format -r -f -a 'mermaid dot svg'",
  );
});
