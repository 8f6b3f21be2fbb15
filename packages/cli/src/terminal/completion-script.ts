/**
 * Completion scripts, made from the tree of commands: verbs, options, choices; pipelines and runs are asked
 * for when needed.
 */
import type { Command } from 'commander';

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

/** Words to choose from, or what to ask `kt __complete` for, or files. */
export type Values = { words: readonly string[] } | { ask: 'pipelines' | 'runs' } | { files: true };

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
    const options = command
      .createHelp()
      .visibleOptions(command)
      .filter(({ long }) => typeof long === 'string');
    return {
      name: command.name(),
      summary: command.summary() || command.description(),
      argument:
        command.name() === 'help'
          ? { words: shown.map(verb => verb.name()) }
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

function bash(verbs: readonly Verb[]): string {
  const reply = (values: Values): string => {
    if ('words' in values) return `COMPREPLY=($(compgen -W ${quoted(values.words.join(' '))} -- "$cur"))`;
    if ('files' in values) return `COMPREPLY=($(compgen -f -- "$cur"))`;
    const asked = `COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" __complete ${values.ask} 2>/dev/null)" -- "$cur")`;
    if (values.ask === 'runs') return `${asked})`;
    return `${asked} $(compgen -f -X '!*.json' -- "$cur")); if [[ "$cur" == */* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi`;
  };
  const cases = verbs.map(({ name, options, argument }) => {
    const after = options
      .filter(({ values }) => values !== null)
      .map(({ flag, values }) => `        ${flag}) ${reply(values as Values)}; return ;;`);
    const inner = after.length === 0 ? [] : ['      case "$prev" in', ...after, '      esac'];
    const flags = options.map(({ flag }) => flag).join(' ');
    return [
      `    ${name})`,
      ...inner,
      `      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W ${quoted(flags)} -- "$cur")); else ${reply(argument)}; fi ;;`,
    ].join('\n');
  });
  return [
    '# Completion of kt. In ~/.bashrc: source <(kt completion bash)',
    '_kt() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
    '  COMPREPLY=()',
    `  if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W ${quoted(`${verbs.map(verb => verb.name).join(' ')} --help --version`)} -- "$cur")); return; fi`,
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
    return 'ask' in values
      ? ` ${values.ask === 'runs' ? '-f ' : ''}-a '(kt __complete ${values.ask} 2>/dev/null)'`
      : '';
  };
  const lines = verbs.flatMap(({ name, summary, options, argument }) => {
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c kt -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...('files' in argument ? [] : [`complete -c kt ${seen}${source(argument)}`]),
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
