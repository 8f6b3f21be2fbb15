/** The command `kt completion`. */
import { Argument, Command } from 'commander';
import type { Cli } from './command-context.js';
import { printText } from '../terminal/output.js';

/** `kt completion`: a script for the shell, made from the commands there are. */
export function completionCommand({ output }: Cli): Command {
  const command = new Command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description('Prints a completion script. For example, in ~/.bashrc: source <(kt completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']));
  return command.action(async (shell: 'bash' | 'zsh' | 'fish') => {
    const { completionScript, verbsOf } = await import('../terminal/completion-script.js');
    printText(output, completionScript(shell, verbsOf(command.parent ?? command)));
  });
}
