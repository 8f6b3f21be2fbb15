/** The process of `kt`: arguments in, exit code out. */
import { EXIT } from './exit.js';
import { terminal } from './output.js';
import { runCli } from './run-cli.js';

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(EXIT.completed);
});
process.exitCode = await runCli(process.argv.slice(2), terminal);
