/**
 * Completion scripts, made from the tree of commands: verbs, options, choices; pipelines and runs are asked
 * for when needed.
 */
import type { Command } from 'commander';
import { shellWord } from './plain-text.js';

/** A command as completion knows it. */
export interface Verb {
  name: string;
  summary: string;
  options: Flag[];
  /** What its first argument is. */
  argument: Values;
}

/** An option. */
export interface Flag {
  flag: string;
  description: string;
  /** What follows it; null where nothing does. */
  values: Values | null;
}

/** Words to choose from, commands with files after them, what to ask `kt __complete` for, or files. */
export type Values =
  | { words: readonly string[] }
  | { verbs: readonly string[] }
  | { ask: 'pipelines' | 'runs' }
  | { files: true };

const BY_NAME: Record<string, Values> = {
  pipeline: { ask: 'pipelines' },
  pipelines: { ask: 'pipelines' },
  run: { ask: 'runs' },
  resume: { ask: 'runs' },
};

/** The verbs of a command tree. */
export function verbsOf(program: Command): Verb[] {
  const shown = program.createHelp().visibleCommands(program);
  return shown.map(command => {
    const [argument] = command.registeredArguments;
    // A command with commands of its own: which of them, and what any of them takes.
    const below = command.commands.filter(one => one.name() !== 'help');
    const all = [command, ...below].flatMap(one => one.createHelp().visibleOptions(one));
    const options = all.filter(
      ({ long }, at) => typeof long === 'string' && all.findIndex(other => other.long === long) === at,
    );
    return {
      name: command.name(),
      summary: command.summary() || command.description(),
      argument:
        command.name() === 'help'
          ? { words: shown.map(verb => verb.name()) }
          : below.length > 0
            ? { verbs: below.map(one => one.name()) }
            : valuesOf(argument?.name(), argument?.argChoices),
      options: options.map(option => ({
        flag: option.long ?? '',
        description: option.description,
        values:
          option.required || option.optional ? valuesOf(option.long?.slice(2), option.argChoices) : null,
      })),
    };
  });
}

function valuesOf(name: string | undefined, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { words: choices };
  return (name === undefined ? undefined : BY_NAME[name]) ?? { files: true };
}

/** The script for a shell. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', verbs: readonly Verb[]): string {
  switch (shell) {
    case 'bash':
      return bash(verbs);
    case 'zsh':
      return `#compdef kt\nautoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`;
    case 'fish':
      return fish(verbs);
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What is found outside is compared as text, a line each: `compgen -W` would run what a name says. */
const BASH_FUNCTIONS = `_kt_offer() {
  local name
  while IFS= read -r name; do
    if [[ "$name" == "$1"* ]]; then COMPREPLY+=("$name"); fi
  done
}`;

function bash(verbs: readonly Verb[]): string {
  const offer = (from: string, beginning = '"$cur"'): string => `_kt_offer ${beginning} < <(${from})`;
  const words = (all: readonly string[]): string => offer(`printf '%s\\n' ${all.map(shellWord).join(' ')}`);
  // These it chooses itself, whatever is quoted in what was typed.
  const filesOf = (more: string): string => offer(`compgen -f ${more}-- "$cur"`, '""');
  const files = filesOf('');
  const reply = (values: Values): string => {
    if ('words' in values) return words(values.words);
    if ('files' in values) return files;
    if ('verbs' in values)
      return `if [[ $COMP_CWORD -eq 2 ]]; then ${words(values.verbs)}; else ${files}; fi`;
    const asked = offer(`"\${COMP_WORDS[0]}" __complete ${values.ask} 2>/dev/null`);
    if (values.ask === 'runs') return asked;
    return `${asked}; ${filesOf("-X '!*.json' ")}; if [[ "$cur" == */* ]]; then ${files}; fi`;
  };
  const cases = verbs.map(({ name, options, argument }) => {
    const after = options
      .filter(({ values }) => values !== null)
      .map(({ flag, values }) => `        ${flag}) ${reply(values as Values)}; return ;;`);
    const inner = after.length === 0 ? [] : ['      case "$prev" in', ...after, '      esac'];
    return [
      `    ${name})`,
      ...inner,
      `      if [[ "$cur" == -* ]]; then ${words(options.map(({ flag }) => flag))}; else ${reply(argument)}; fi ;;`,
    ].join('\n');
  });
  return [
    '# Completion of kt. In ~/.bashrc: source <(kt completion bash)',
    BASH_FUNCTIONS,
    '_kt() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
    '  COMPREPLY=()',
    `  if [[ $COMP_CWORD -eq 1 ]]; then ${words([...verbs.map(verb => verb.name), '--help', '--version'])}; return; fi`,
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    '  esac',
    '}',
    'complete -o filenames -o bashdefault -F _kt kt',
  ].join('\n');
}

function fish(verbs: readonly Verb[]): string {
  const source = (values: Values): string => {
    if ('words' in values) return ` -f -a ${quoted(values.words.join(' '))}`;
    if ('verbs' in values) return ` -f -a ${quoted(values.verbs.join(' '))}`;
    return 'ask' in values
      ? ` ${values.ask === 'runs' ? '-f ' : ''}-a '(kt __complete ${values.ask} 2>/dev/null)'`
      : '';
  };
  const lines = verbs.flatMap(({ name, summary, options, argument }) => {
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    const more =
      'verbs' in argument ? `; and not __fish_seen_subcommand_from ${argument.verbs.join(' ')}` : '';
    const first = `-n '__fish_seen_subcommand_from ${name}${more}'`;
    return [
      `complete -c kt -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...('files' in argument ? [] : [`complete -c kt ${first}${source(argument)}`]),
      ...options.map(({ flag, description, values }) => {
        const follows = values === null ? '' : ` -r${source(values)}`;
        return `complete -c kt ${seen} -l ${flag.slice(2)}${follows} -d ${quoted(description)}`;
      }),
    ];
  });
  return [
    '# Completion of kt. In ~/.config/fish/completions/kt.fish: kt completion fish | source',
    ...lines,
  ].join('\n');
}
