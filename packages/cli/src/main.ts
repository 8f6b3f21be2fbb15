/** The process of `kt`: arguments in, exit code out. */
import { terminal } from './terminal/output.js';
import { WayOut } from './terminal/way-out.js';
import { runCli } from './program.js';

const signals = new WayOut(process, terminal);
await signals.through(() => runCli(process.argv.slice(2), terminal, { signals }));
