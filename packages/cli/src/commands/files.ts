/** The command `kt files`, with a command of its own for each thing to do. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './command-context.js';
import type { OpenPlace, Opening, PlaceOptions } from '../files/open-place.js';
import type { Tally, Transfer } from '../files/transfers.js';
import { EXIT } from '../terminal/exit.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { withContextOptions } from './cluster-options.js';
import { count } from './options.js';

interface Options extends PlaceOptions {
  json: boolean;
  parallel: number;
}

const PATHS =
  'Paths are relative to the store; * ** ? [ab] {a,b} make one a pattern, which finds files only.';
const FOLDERS =
  'Of a directory all goes, below its name; of a pattern what follows the directories it names plainly.';

/** `kt files`: what is in a store, and how it gets there and back. */
export function filesCommand(cli: Cli): Command {
  const command = new Command('files')
    .summary('list, read, fetch, put and delete files of a store')
    .description(
      'Lists, reads, fetches, puts and deletes files of a store: that of --store, KT_STORE or DATA_DIR, else the folder it runs in; with --context, --namespace or --volume that of the context. ' +
        'A bucket is opened by this machine, the volume of a context by a pod, which ends with the command.\n' +
        'What runs keep is hidden, and never changed: kt gc deletes runs.',
    );
  for (const verb of [ls, tree, cat, get, put, remove, copy, usage]) command.addCommand(verb(cli));
  return command;
}

const ls = (cli: Cli): Command =>
  reading('ls', 'list files and directories', `One a line; a directory ends in "/". ${PATHS}`)
    .argument('[path]', 'a directory, a file or a pattern', '.')
    .option('-l, --long', 'with sizes and times', false)
    .action((path: string, { long, json, ...where }: Options & { long: boolean }) =>
      inPlace(cli, where, async ({ readable }, { signal }) => {
        const { listFiles } = await import('../files/list-files.js');
        await listFiles(readable, { path, long }, { output: cli.output, json, signal });
      }),
    );

const tree = (cli: Cli): Command =>
  reading('tree', 'show directories with what is in them', PATHS)
    .argument('[path]', 'a directory, a file or a pattern', '.')
    .addOption(new Option('--depth <n>', 'so many levels (default: all)').argParser(count))
    .action((path: string, { depth = Infinity, json, ...where }: Options & { depth?: number }) =>
      inPlace(cli, where, async ({ readable }, { signal }) => {
        const { printTree } = await import('../files/list-files.js');
        await printTree(readable, { path, depth }, { output: cli.output, json, signal });
      }),
    );

const cat = (cli: Cli): Command =>
  reading(
    'cat',
    'print files',
    'Bytes as they are where a program or a file takes them; on a terminal as text that steers nothing. With --json pieces in base64.',
  )
    .argument('<path...>', 'files, directories or patterns')
    .addOption(
      new Option('--bytes <range>', 'only these of each file: START-END, both included, or START-').argParser(
        rangeOf,
      ),
    )
    .action(
      (paths: string[], { bytes: range, json, ...where }: Options & { bytes?: ReturnType<typeof rangeOf> }) =>
        inPlace(cli, where, async ({ readable }, { signal }) => {
          const { printFiles } = await import('../files/print-files.js');
          await printFiles(readable, paths, { output: cli.output, json, signal, range });
        }),
    );

const get = (cli: Cli): Command =>
  moving(
    new Command('get').option('--all', 'also what runs keep', false),
    'fetch files and directories into a folder here',
    `The folder is the last of several paths, else the one it runs in. ${FOLDERS}\n` +
      'A file appears whole, with the time that it has in the store. One that is there with that size and time is left as it is, and a large one that was cut off goes on where it was: after Ctrl-C the same command goes on.',
  )
    .argument('<paths...>', 'files, directories or patterns, and a folder of this machine')
    .action((given: string[], options: Options) => {
      const [dir = '.', paths] = given.length === 1 ? ['.', given] : [given.at(-1), given.slice(0, -1)];
      return transfer(cli, { ...options, verb: 'Got' }, async (place, how) => {
        const { getFiles } = await import('../files/get-files.js');
        return await getFiles(place, { paths, dir }, how);
      });
    });

const put = (cli: Cli): Command =>
  moving(
    new Command('put'),
    'put files and folders of this machine into the store',
    'The last path is where they go: a directory where it ends in "/", where files are below it, or for several; else the name of the file. Of a folder all goes, below its name, without links.\n' +
      'What a bucket is known to have with the same content is left as it is.',
  )
    .argument('<files...>', 'files or folders of this machine, and a path in the store')
    .action((given: string[], options: Options) =>
      transfer(cli, { ...options, verb: 'Put' }, async (place, how) => {
        const { putFiles } = await import('../files/put-files.js');
        const [to, files] = await lastOf(given);
        return await putFiles(place, { files, to }, how);
      }),
    );

const remove = (cli: Cli): Command =>
  moving(new Command('rm'), 'delete files', `There is no way back. ${PATHS}`)
    .argument('<path...>', 'files or patterns; with -r directories')
    .option('-r, --recursive', 'also directories, with all below them', false)
    .option('--dry-run', 'delete nothing, show what would be', false)
    .action((paths: string[], options: Options & { recursive: boolean; dryRun: boolean }) =>
      transfer(cli, { ...options, verb: options.dryRun ? 'Would delete' : 'Deleted' }, async (place, how) => {
        const { removeFiles } = await import('../files/remove-files.js');
        return await removeFiles(place, { ...options, paths }, how);
      }),
    );

const copy = (cli: Cli): Command =>
  moving(
    new Command('cp').option('--all', 'also what runs keep', false),
    'copy files within a store, or to another one',
    `Within a store the store does it. A URL names another: s3://BUCKET/PATH, file:PATH. ${FOLDERS}`,
  )
    .argument('<from>', 'a file, a directory or a pattern')
    .argument('<to>', 'where it goes, as with put')
    .action(async (from: string, to: string, { json, parallel, ...where }: Options) => {
      const { copyFiles, openBoth } = await import('../files/copy-files.js');
      await interruptible(cli, true, async opening => {
        await using both = await openBoth([from, to], where, opening);
        await tallied(cli, { json, verb: 'Copied' }, () =>
          copyFiles(both.from, both.to, { ...opening, output: cli.output, json, parallel }),
        );
      });
    });

const usage = (cli: Cli): Command =>
  reading('du', 'show how much is there', 'Bytes and files of each directory, and of all.')
    .argument('[path]', 'a directory, a file or a pattern', '.')
    .action((path: string, { json, ...where }: Options) =>
      inPlace(cli, where, async ({ readable }, { signal }) => {
        const { printUsage } = await import('../files/list-files.js');
        await printUsage(readable, { path }, { output: cli.output, json, signal });
      }),
    );

const reading = (name: string, summary: string, more: string): Command =>
  described(new Command(name).option('--all', 'also what runs keep', false), summary, more);

const moving = (command: Command, summary: string, more: string): Command =>
  described(
    command.addOption(new Option('--parallel <n>', 'files at once').argParser(count).default(8)),
    summary,
    more,
  );

function described(command: Command, summary: string, more: string): Command {
  command
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}. ${more}`)
    .addOption(
      new Option(
        '--store <url>',
        'file:DIR or s3://BUCKET/PREFIX (default: KT_STORE, else DATA_DIR, else file:.; with a context its own)',
      ),
    );
  return withContextOptions(command)
    .addOption(new Option('--volume <volume>', 'a volume that a pod opens: pvc:CLAIM or host:/path'))
    .addOption(new Option('--json', 'print one JSON object a line').default(false, 'text'));
}

/** Does something with a store, until Ctrl-C. */
async function inPlace(
  cli: Cli,
  { store, context, namespace, kubeconfig, volume, all = false, verb }: PlaceOptions & { verb?: string },
  use: (place: OpenPlace, opening: Opening) => Promise<void>,
): Promise<void> {
  const { openPlace } = await import('../files/open-place.js');
  const { omitUndefined } = await import('@kube-transform/sdk');
  const where = omitUndefined({ store, context, namespace, kubeconfig, volume });
  await interruptible(cli, verb !== undefined, async opening => {
    await using place = await openPlace({ ...where, all }, opening);
    await use(place, opening);
  });
}

/** Moves files, and says what it came to. */
const transfer = (
  cli: Cli,
  { verb, json, parallel, ...where }: Options & { verb: string },
  move: (place: OpenPlace, how: Transfer) => Promise<Tally>,
): Promise<void> =>
  inPlace(cli, { ...where, verb }, async (place, { signal }) =>
    tallied(cli, { json, verb }, () => move(place, { output: cli.output, json, parallel, signal })),
  );

async function tallied(
  { output, exitWith }: Cli,
  { json, verb }: { json: boolean; verb: string },
  move: () => Promise<Tally>,
): Promise<void> {
  const tally = await move();
  const { printTally } = await import('../files/transfers.js');
  printTally(verb, tally, { output, json });
  if (tally.failed > 0) exitWith(EXIT.badInput);
}

async function interruptible(
  { output, signals, exitWith }: Cli,
  isMoving: boolean,
  work: (opening: Opening) => Promise<void>,
): Promise<void> {
  const note = (text: string): void => output.err(text);
  const { late } = await import('../files/transfers.js');
  const { left } = await untilInterrupted(signals, signal =>
    Promise.race([work({ note, signal }), late(signal)]),
  );
  if (!left) return;
  const rest = ': no file is half there. The same command goes on with the rest';
  output.err(`Interrupted${isMoving ? rest : ''}.`);
  exitWith(EXIT.interrupted);
}

/** What was given last, and what before it. */
async function lastOf(given: readonly string[]): Promise<[last: string, before: string[]]> {
  const last = given.at(-1);
  if (last !== undefined && given.length > 1) return [last, given.slice(0, -1)];
  const { KtError } = await import('@kube-transform/sdk');
  throw new KtError({
    code: 'BAD_OPTIONS',
    path: 'kt files put',
    message: 'It is not said where the file goes.',
    hint: 'Name a path in the store as the last one; "." is the store itself.',
  });
}

/** `100-199`, `100-`. */
function rangeOf(text: string): { start: number; end?: number } {
  const [, start, end] = /^(\d{1,15})-(\d{1,15})?$/.exec(text) ?? [];
  if (start === undefined || (end !== undefined && Number(end) < Number(start)))
    throw new InvalidArgumentError('Expected START-END or START-, such as 0-99.');
  return { start: Number(start), ...(end === undefined ? {} : { end: Number(end) + 1 }) };
}
