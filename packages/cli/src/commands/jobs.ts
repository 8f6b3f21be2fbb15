/** The commands `kt jobs render` and `kt jobs check`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../terminal/exit.js';
import { coloured, printText } from '../terminal/output.js';
import type { Cli } from './command-context.js';
import { withContextOptions } from './cluster-options.js';
import { collect } from './options.js';
import type { JobToolsOptions } from '../serve/job-tools.js';

interface Options extends JobToolsOptions {
  arg: string[];
  arraySize?: number;
}

const argOption = (): Option =>
  new Option('-a, --arg <name=value>', 'an argument: JSON where it is some, else text (repeatable)')
    .argParser(collect)
    .default([], 'none');

const MAX_ITEMS = 100_000;
const items = (text: string): number => {
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_ITEMS) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_ITEMS}.`);
};

const VARIABLES =
  'JOB_SIGNATURE, JOB_NAMESPACE, JOB_DEFINITIONS_CONFIG_PATH (else server.definitions of kt.config.ts), JOB_ALLOWED_IMAGES and\nJOB_ALLOWED_SERVICE_ACCOUNTS hold, as for kt serve.';

/** `kt jobs`: what the job server would make, without a server. */
export function jobsCommand(cli: Cli): Command {
  return new Command('jobs')
    .summary('try the definitions of the job server')
    .description('Renders and checks definitions of kt serve, and makes no Job.')
    .addCommand(renderJobCommand(cli))
    .addCommand(checkJobsCommand(cli));
}

function renderJobCommand({ output }: Cli): Command {
  const command = new Command('render')
    .summary('print the Job that a definition gives')
    .description(
      'Prints the Job that a definition gives with these arguments, and asks a cluster only for templates in ConfigMaps:\n' +
        "  kt jobs render greet -a name=Ada -a n=3 -a 'more=[1, 2]'\n" +
        `The server adds digits to its name. ${VARIABLES}`,
    )
    .argument('<definition>', 'its name')
    .addOption(argOption());
  return withContextOptions(command).action(async (definition: string, { arg, ...options }: Options) => {
    const [{ openJobTools }, { yamlOf }] = await Promise.all([
      import('../serve/job-tools.js'),
      import('../render/kustomize.js'),
    ]);
    await using tools = await openJobTools(options);
    printText(output, yamlOf([await tools.render(definition, arg)]).trimEnd());
  });
}

const WORDS = {
  taken: 'the API server would take its Job',
  rendered: 'it gives a Job',
  read: 'its template can be read; not rendered:',
  unread: 'not read:',
  wrong: '',
};

function checkJobsCommand({ output, exitWith }: Cli): Command {
  const command = new Command('check')
    .summary('check all definitions, by the API server too')
    .description(
      `Renders each definition with these arguments and shows its Job to the API server (a dry run: nothing is made).\nOf a definition that needs others the template is read only. Fails where one is wrong. ${VARIABLES}`,
    )
    .addOption(argOption())
    .addOption(
      new Option(
        '--array-size <n>',
        'as array jobs with so many items, as ?array_size=N makes them',
      ).argParser(items),
    )
    .option('--offline', 'ask no cluster', false);
  return withContextOptions(command).action(async ({ arg, arraySize, ...options }: Options) => {
    const { openJobTools } = await import('../serve/job-tools.js');
    await using tools = await openJobTools(options);
    const checks = await tools.check(arg, { arraySize });
    for (const { definition, result, message } of checks) {
      const word = result === 'wrong' ? coloured('Failed', 'wrong') : 'ok   ';
      output.out(`${word}  ${definition}: ${[WORDS[result], message].filter(Boolean).join(' ')}`);
    }
    if (checks.length === 0) output.out('There are no definitions.');
    if (checks.some(({ result }) => result === 'wrong')) exitWith(EXIT.failed);
  });
}
