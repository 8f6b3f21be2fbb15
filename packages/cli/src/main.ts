/** The process of `kt`: arguments in, exit code out. */
import { plainly, terminal } from './terminal/output.js';
import { WayOut } from './terminal/way-out.js';
import { runCli } from './program.js';

const signals = new WayOut(process, plainly(terminal));
await signals.through(() => runCli(process.argv.slice(2), terminal, { signals }));
