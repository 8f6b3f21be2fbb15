/** The command line: one verb each in `commands/`. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, reportError } from './exit.js';
import { terminal } from './output.js';
import { runCommand } from './commands/run.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('kt')
  .description('Typed batch pipelines: the same in a test, on this machine and on a cluster.')
  .version(version)
  .showHelpAfterError('(kt --help lists the commands)')
  .addHelpText('after', '\nExit codes: 0 completed · 1 the run failed · 2 bad input · 3 store unreachable · 130 interrupted')
  .addCommand(runCommand(terminal));

for (const command of [program, ...program.commands]) command.exitOverride().showSuggestionAfterError(true);
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(EXIT.completed);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.completed : EXIT.badInput) : reportError(error, terminal);
}
