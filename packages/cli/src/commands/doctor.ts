/** The command `kt doctor`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import type { DoctorOptions } from '../doctor/doctor.js';
import { EXIT } from '../terminal/exit.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { withPodOptions } from './cluster-options.js';
import { jsonOption } from './options.js';

/** `kt doctor`: whether runs can work in a cluster, and what to do where they cannot. */
export function doctorCommand(cli: Cli): Command {
  const command = new Command('doctor')
    .summary('look whether runs can work in a cluster, and say what to do')
    .description(
      'Looks at the API server, the namespace, your rights and those of controllers, quotas, limits, nodes and queues against what the pipelines ask\nfor, and lets a pod try the image, the store and the clock. A store is tried: whether it can be reached, what may be done with it, whether it keeps conditions\nof puts, its clock and its speed; nothing is left in it. Exit code 3 where something will keep runs from working.',
    )
    .argument('[pipelines...]', 'pipelines whose steps are looked at (default: all in pipelines/)')
    .option('--no-pod', 'start no pod')
    .option('--no-cluster', 'try the store only, from this machine: --store, else KT_STORE, DATA_DIR, file:.')
    .addOption(jsonOption());
  return withPodOptions(command).action(async (names: string[], options: DoctorOptions) => {
    const { doctor } = await import('../doctor/doctor.js');
    const { left, result } = await untilInterrupted(cli.signals, signal =>
      doctor(names, options, { output: cli.output, signal }),
    );
    if (left) cli.exitWith(EXIT.interrupted);
    else if (!result) cli.exitWith(EXIT.unreachable);
  });
}
