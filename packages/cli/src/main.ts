/** The process of `kt`: arguments in, exit code out. */
import { plainly, terminal } from './terminal/output.js';
import { ownOutput } from './terminal/own-output.js';
import { WayOut } from './terminal/way-out.js';
import { runCli } from './program.js';

const args = process.argv.slice(2);
if (args.includes('--json')) {
  const write = ownOutput(process);
  terminal.out = text => write(`${text}\n`);
}
const signals = new WayOut(process, plainly(terminal));
await signals.through(() => runCli(args, terminal, { signals }));
