/** Options of commands that begin a run: which pipeline, its parameters, and help on them. */
import type { Command } from 'commander';
import type { RunRequest } from '../pipeline/make-run.js';
import { type Output, printText } from '../terminal/output.js';
import { collect, forceOption, functionsOption } from './options.js';

/** The options as they were parsed. */
export interface TypedPipeline {
  param: string[];
  functions: string[];
  runId?: string;
  force?: string[];
  help?: boolean;
}

/** Adds the argument and the options; parameters of the pipeline are flags that nobody else knows. */
export function withPipelineOptions(command: Command): Command {
  return command
    .argument('[pipeline]', 'name in pipelines/, path of a module, or document')
    .helpOption(false)
    .option('-h, --help', 'show this help, with the parameters of the pipeline where one is given')
    .option(
      '--param <key=value>',
      'a parameter, for names that are no flag of their own (repeatable)',
      collect,
      [],
    )
    .addOption(functionsOption())
    .addOption(forceOption())
    .allowUnknownOption()
    .allowExcessArguments();
}

/** What was typed: `typed` is the pipeline, and what else is no option of the command goes to it. */
export const requestOf = (
  command: Command,
  typed: string | undefined,
  { param: pairs, functions, runId, force }: TypedPipeline,
): RunRequest => ({
  typed,
  rest: command.args.slice(typed === undefined ? 0 : 1),
  pairs,
  functions,
  runId,
  force,
});

/** Who knows the parameters of what was typed. */
type ParamHelp = (typed: string, functions: readonly string[]) => Promise<string | undefined>;

/** Prints the help of a command, and the parameters of what was typed: default, as its source has them. */
export async function printHelp(
  command: Command,
  { typed, functions, paramHelp }: Pick<RunRequest, 'typed' | 'functions'> & { paramHelp?: ParamHelp },
  output: Output,
): Promise<void> {
  printText(output, command.helpInformation().trimEnd());
  if (typed === undefined) return;
  const text = await (paramHelp ?? (await import('../pipeline/make-run.js')).paramHelp)(typed, functions);
  if (text !== undefined) printText(output, text);
}
