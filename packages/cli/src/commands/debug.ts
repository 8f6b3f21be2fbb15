/** The command `kt debug`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { Debugging, DebugOptions } from '../backends/backend.js';
import type { WhereOptions } from '../open-backend.js';
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
      new Option('--inspect [port]', `have the function wait for a debugger (default port: ${PORT})`)
        .argParser(port)
        .default(false, 'no'),
    )
    .option('--local', 'call the function in a process here, under a debugger', false)
    .addOption(storeOption())
    .addOption(serverOption());
  return withContextOptions(command).action(
    async (typed: string, selector: string, { keep: keepMs, inspect, ...options }: WhereOptions & Wishes) => {
      const { local, image, memory, ...where } = options;
      const { left, result } = await untilInterrupted(signals, signal =>
        cli.withBackend(where, async backend => {
          const run = await backend.find(typed);
          const note = (text: string): void => output.err(text);
          return backend.debug(run, { selector, local, keepMs, image, memory, note, signal });
        }),
      );
      if (left) return cli.exitWith(EXIT.interrupted);
      const at = typeof inspect === 'number' ? inspect : PORT;
      if (result.kind === 'process') return cli.exitWith(await startHere(result, at));
      const { debugLines } = await import('../views/print-debug.js');
      const { kubeconfig } = where;
      for (const line of debugLines(result, { kubeconfig, keepMs, port: inspect === false ? null : at }))
        output.out(line);
    },
  );
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
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('Expected a port.');
}
