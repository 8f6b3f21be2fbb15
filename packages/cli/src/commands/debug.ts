/** The command `kt debug`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { Debugging, DebugOptions } from '../backends/backend.js';
import type { WhereOptions } from '../open-backend.js';
import type { Output } from '../terminal/output.js';
import { EXIT } from '../terminal/exit.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { withContextOptions } from './cluster-options.js';
import { serverOption, spanOf, storeOption } from './options.js';

type Wishes = Pick<DebugOptions, 'local' | 'image' | 'memory'> & { keep: number; inspect: number | boolean };

const keep = spanOf({ digits: 5, units: 'smh', expected: 'Expected a duration such as 30m or 2h.' });
const KEEP_MS = 30 * 60_000;
const PORT = 9229;

/** `kt debug`: what an item ran, again, for somebody to look inside. */
export function debugCommand(cli: Cli): Command {
  const { output, signals } = cli;
  const command = new Command('debug')
    .summary('start the pod of an item again, waiting, to look inside')
    .description(
      'Starts the pod of an item again, with a command that waits, and prints how to get in and what it would have run; $KT_COMMAND holds that too. ' +
        'It goes after --keep, or with its run. Nothing it does is put on record as a result.\n' +
        'With --inspect the function of an item is called in that pod under a debugger, which a port of this machine leads to; the pod goes when it has ended.\n' +
        'With --local the function of an item of a run here is called again under a debugger, with its arguments from the store.',
    )
    .argument('<run>', 'id of a run, the beginning of one, or latest')
    .argument('<step>', 'a step, or one item of it as STEP/INDEX (default: the item whose pod failed last)')
    .addOption(
      new Option('--keep <duration>', 'how long the pod stays: 30s, 10m, 2h (default: 30m)')
        .argParser(keep)
        .default(KEEP_MS, '30m'),
    )
    .option('--image <image>', 'another image: the rest of the pod stays as it was')
    .addOption(new Option('--memory <quantity>', 'other memory, such as 4Gi').argParser(quantity))
    .addOption(
      new Option(
        '--inspect [port]',
        `call the function, once a debugger has come to this port (default: ${PORT}; 0: any)`,
      )
        .argParser(port)
        .default(false, 'no'),
    )
    .option('--local', 'call the function in a process here, under a debugger', false)
    .addOption(storeOption())
    .addOption(serverOption());
  return withContextOptions(command).action(
    async (typed: string, selector: string, { keep: keepMs, inspect, ...options }: WhereOptions & Wishes) => {
      const { local, image, memory, ...where } = options;
      const at = inspect === false ? null : typeof inspect === 'number' ? inspect : PORT;
      const { left, result } = await untilInterrupted(signals, signal =>
        cli.withBackend(where, async backend => {
          const run = await backend.find(typed);
          const note = (text: string): void => output.err(text);
          const found = await backend.debug(run, { selector, local, keepMs, image, memory, note, signal });
          if (found.kind === 'process') return found;
          const { debugLines } = await import('../views/print-debug.js');
          const { kubeconfig } = where;
          for (const line of debugLines(found, { kubeconfig, keepMs, isInspected: at !== null }))
            output.out(line);
          return at === null ? null : await inspectThere(found, { port: at, output, signal });
        }),
      );
      if (left) return cli.exitWith(EXIT.interrupted);
      if (result === null) return;
      if (typeof result === 'boolean') return cli.exitWith(result ? EXIT.completed : EXIT.failed);
      cli.exitWith(await startHere(result, at ?? PORT));
    },
  );
}

/** Calls the function in its pod, under a debugger; false where it failed. */
async function inspectThere(
  debug: Extract<Debugging, { kind: 'pod' }>,
  { port, output, signal }: { port: number; output: Output; signal: AbortSignal },
): Promise<boolean> {
  const { inspectLine } = await import('../views/print-debug.js');
  return await debug.inspect({
    port,
    listening: told => output.out(inspectLine(told)),
    print: line => output.err(line),
    signal,
  });
}

/** Calls the function under a debugger; its exit code. */
async function startHere(
  { script, env }: Extract<Debugging, { kind: 'process' }>,
  at: number,
): Promise<number> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [`--inspect-brk=127.0.0.1:${at}`, script], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => resolve(code === 0 ? EXIT.completed : EXIT.failed));
  });
}

function quantity(text: string): string {
  if (/^[1-9]\d{0,14}([KMGT]i|[kMGT])?$/.test(text)) return text;
  throw new InvalidArgumentError('Expected memory such as 512Mi or 4Gi.');
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('Expected a port.');
}
