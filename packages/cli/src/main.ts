/** The process of `kt`: arguments in, exit code out. */
import { EXIT } from './terminal/exit.js';
import { terminal } from './terminal/output.js';
import { runCli } from './program.js';

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(EXIT.completed);
});
process.exitCode = await runCli(process.argv.slice(2), terminal);
