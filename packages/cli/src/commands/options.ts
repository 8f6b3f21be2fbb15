/** Options that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DriveOptions } from '../backends/backend.js';

/** The store a command works on: `--store`, else KT_STORE, else DATA_DIR, else the folder it runs in. */
export const storeOption = (): Option =>
  new Option(
    '--store <url>',
    'file store: file:DIR, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX or mem: (default: KT_STORE, else DATA_DIR, else file:.)',
  );

/** The job server that a command asks. */
export const serverOption = (): Option =>
  new Option(
    '--server <url>',
    'job server whose runs these are; its token is KT_SERVER_TOKEN (default: KT_SERVER, where no other place is given)',
  );

/** Parses a count. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return Number(text);
};

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Parses a number with a unit, in milliseconds: up to so many digits, and one of these units. */
export const spanOf =
  ({ digits, units, expected }: { digits: number; units: string; expected: string }) =>
  (text: string): number => {
    const [, number, unit = ''] = new RegExp(`^(\\d{1,${digits}})([${units}])$`).exec(text) ?? [];
    if (number === undefined) throw new InvalidArgumentError(expected);
    return Number(number) * (UNITS_MS[unit] ?? 0);
  };

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, all: string[]): string[] => [...all, value];

/** Gathers names of steps: several in one text, or the option several times. */
const steps = (value: string, all: readonly string[] = []): string[] => {
  const names = value.split(',').map(name => name.trim());
  if (names.includes(''))
    throw new InvalidArgumentError('Expected names of steps, such as "load" or "load,report".');
  return [...all, ...names];
};

/** Steps that are run whatever there is of them. */
export const forceOption = (): Option =>
  new Option(
    '--force <step,…>',
    'run these steps, and all that depends on them, although their outputs exist or their results are kept (repeatable)',
  ).argParser(steps);

/** The image of container steps that name none. */
export const containerImageOption = (): Option =>
  new Option(
    '--container-image <image>',
    'image of container steps that name none (default: KT_CONTAINER_IMAGE, TACLIB_IMAGE, IMAGE, else containerImage of kt.config.ts)',
  );

/** Modules of functions for documents. */
export const functionsOption = (): Option =>
  new Option(
    '--functions <module>',
    "functions for a document: a module's exports under their names (repeatable)",
  )
    .argParser(collect)
    .default([], 'none');

/** Prints JSON instead of text. */
export const jsonOption = (): Option => new Option('--json', 'print JSON').default(false, 'text');

/** Adds the options of commands that drive a run. */
export function withDriveOptions(command: Command): Command {
  return command
    .addOption(storeOption())
    .addOption(
      new Option('--executor <name>', 'where items run: in this process, or in one process per core')
        .choices(['in-process', 'processes'])
        .default('in-process'),
    )
    .addOption(
      new Option(
        '--jobs <n>',
        'items (in-process) or processes at once (default: 8 items, or one process per core)',
      ).argParser(count),
    )
    .addOption(new Option('--json', 'print one event a line').default(false, 'text'))
    .addOption(
      new Option('--steal', 'drive the run although another process seems to').default(false, 'refuse'),
    );
}

/** The options of {@link withDriveOptions} as they were parsed. */
export interface TypedDrive {
  store?: string;
  json: boolean;
}

const DRIVING = ['executor', 'jobs', 'steal'] as const satisfies readonly (keyof DriveOptions)[];

/** How a run is to be driven: only what was typed, because not every run is driven here. */
export const driveOptionsOf = (command: Command): DriveOptions =>
  Object.fromEntries(
    DRIVING.filter(name => command.getOptionValueSource(name) === 'cli').map(name => [
      name,
      command.getOptionValue(name) as unknown,
    ]),
  );
