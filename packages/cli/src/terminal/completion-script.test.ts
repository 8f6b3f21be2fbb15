/** Completion scripts, made from a tree of commands. */
import { spawnSync } from 'node:child_process';
import { Argument, Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { completionScript, verbsOf } from './completion-script.js';

const program = new Command('kt');
program
  .command('status')
  .summary('show a run')
  .description('Shows a run, at length.')
  .argument('[run]')
  .option('--json', 'print JSON')
  .option('-q', 'short only')
  .addOption(new Option('--hidden').hideHelp());
program
  .command('graph')
  .description("draw a pipeline's graph")
  .argument('<pipeline>')
  .addOption(new Option('--format <name>', 'how').choices(['mermaid', 'dot']))
  .option('--out <file>', 'where to')
  .option('--resume [run]', 'a run');
program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
program.command('secret', { hidden: true });
const verbs = verbsOf(program);

describe('verbsOf', () => {
  test('commands - with what they take, those aside that are hidden', () => {
    expect(verbs.map(({ name, summary, argument }) => [name, summary, argument])).toEqual([
      ['status', 'show a run', { ask: 'runs' }],
      ['graph', "draw a pipeline's graph", { ask: 'pipelines' }],
      ['completion', '', { words: ['bash', 'zsh'] }],
      ['help', 'display help for command', { words: ['status', 'graph', 'completion', 'help'] }],
    ]);
  });

  test('options - with what follows them; short ones are typed as fast as completed', () => {
    expect(verbs.map(({ options }) => options.map(({ flag, values }) => [flag, values]))).toEqual([
      [
        ['--json', null],
        ['--help', null],
      ],
      [
        ['--format', { words: ['mermaid', 'dot'] }],
        ['--out', { files: true }],
        ['--resume', { ask: 'runs' }],
        ['--help', null],
      ],
      [['--help', null]],
      [],
    ]);
  });
});

test('a command with commands of its own - offers them, then files, and what any of them takes', () => {
  const tree = new Command('kt');
  const files = tree.command('files').description('files of a store');
  files.command('ls').argument('[path]').option('--json', 'print JSON');
  files.command('rm').argument('<path>').option('--json', 'print JSON').option('--dry-run', 'only show');
  const own = verbsOf(tree);
  expect(own[0]).toMatchObject({ name: 'files', argument: { verbs: ['ls', 'rm'] } });
  expect(own[0]?.options.map(({ flag }) => flag)).toEqual(['--help', '--json', '--dry-run']);
  const program = `${completionScript('bash', own)}
COMP_WORDS=(kt files r); COMP_CWORD=2; _kt; echo "\${COMPREPLY[@]}"
COMP_WORDS=(kt files rm /et); COMP_CWORD=3; _kt; echo "\${COMPREPLY[@]}"`;
  expect(spawnSync('bash', ['-c', program], { encoding: 'utf8' })).toMatchObject({
    stderr: '',
    stdout: 'rm\n/etc\n',
  });
  expect(completionScript('fish', own)).toContain(
    `complete -c kt -n '__fish_seen_subcommand_from files; and not __fish_seen_subcommand_from ls rm' -f -a 'ls rm'`,
  );
});

describe('completionScript', () => {
  test('bash - is a script that bash reads', () => {
    const script = completionScript('bash', verbs);
    expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(script).toContain(`(printf '%s\\n' status graph completion help '--help' '--version')`);
    expect(script).toContain(`--format) _kt_offer "$cur" < <(printf '%s\\n' mermaid dot); return ;;`);
    expect(script).not.toContain('compgen -W');
    expect(script).toMatch(/complete -o filenames -o bashdefault -F _kt kt$/);
  });

  test('zsh - is the script of bash, loaded as zsh does', () => {
    expect(completionScript('zsh', verbs)).toBe(
      `#compdef kt\nautoload -U +X bashcompinit && bashcompinit\n${completionScript('bash', verbs)}`,
    );
  });

  test('fish - has a line for each command and each option, quoted', () => {
    const lines = completionScript('fish', verbs).split('\n');
    expect(lines).toContain(
      `complete -c kt -f -n __fish_use_subcommand -a graph -d 'draw a pipeline'\\''s graph'`,
    );
    expect(lines).toContain(
      `complete -c kt -n '__fish_seen_subcommand_from graph' -l format -r -f -a 'mermaid dot' -d 'how'`,
    );
    expect(lines).toContain(
      `complete -c kt -n '__fish_seen_subcommand_from status' -f -a '(kt __complete runs 2>/dev/null)'`,
    );
    expect(lines).toContain(`complete -c kt -n '__fish_seen_subcommand_from graph' -l out -r -d 'where to'`);
    expect(lines.filter(line => line.includes('secret') || line.includes('hidden'))).toEqual([]);
  });
});
