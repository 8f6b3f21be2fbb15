/** The command `kt render meltano`. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import { EXIT } from '../terminal/exit.js';

interface Options {
  environment?: string;
  destination?: string;
  from?: string;
  check: boolean;
}

/** What meltano-kubernetes-ext takes beside that: its command lines go on to work. */
const TAKEN = ['--log-level <level>', '--log-timestamps', '--log-levels', '--meltano-log-json'];

/** `kt render meltano`: the schedules of a Meltano project as CronJobs. */
export function renderMeltanoCommand(cli: Cli): Command {
  const command = new Command('meltano')
    .summary('write the schedules of a Meltano project as CronJobs')
    .description(
      'Writes the schedules of a Meltano project as CronJobs: base/ is written anew each time, overlays/ENVIRONMENT is made once and never changed.\n' +
        'Schedules that never come by themselves (@manual, @once, @none) are left out; what Kubernetes would refuse is refused.',
    )
    .argument('[schedules...]', 'names of schedules (default: all)')
    .addOption(
      new Option('--environment <name>', 'environment of Meltano, and name of the overlay').env(
        'MELTANO_ENVIRONMENT',
      ),
    )
    .option(
      '-D, --destination <dir>',
      'folder of base and overlays (default: orchestrate/kubernetes of the project)',
    )
    .option('-k, --kustomize', 'a Kustomize base; there is nothing else', true)
    .option(
      '--from <file>',
      'what meltano schedule list --format=json has printed, - for standard input (default: Meltano is asked)',
    )
    .option('--check', 'fail where the files are not as they would be rendered', false);
  for (const flags of TAKEN) command.addOption(new Option(flags).hideHelp());
  return command.action(async (names: string[], options: Options) => {
    refuseBefore(command);
    const { renderMeltano } = await import('../meltano/render-meltano.js');
    const root = process.env['MELTANO_PROJECT_ROOT'] || '.';
    const { environment = '', destination = join(root, 'orchestrate', 'kubernetes'), from, check } = options;
    const wanted = { root, destination, check, ...(from === undefined ? {} : { from }) };
    const named = environment === '' ? wanted : { ...wanted, environment };
    if (!(await renderMeltano(names, named, cli.output))) cli.exitWith(EXIT.failed);
  });
}

/** Options of `kt render` say nothing of schedules of Meltano: whoever typed them means something. */
function refuseBefore({ parent }: Command): void {
  const typed = parent?.options.find(option => parent.getOptionValueSource(option.attributeName()) === 'cli');
  if (typed !== undefined) parent?.error(`error: ${typed.flags} is no option of kt render meltano`);
}
