import { Command } from 'commander';
import { isPipeline, KtError } from '@kube-transform/sdk';
import { newRun, readRecord, readSummary, systemClock, writeRecord } from '@kube-transform/runtime';
import { exitCodeOf } from '../exit.js';
import type { Output } from '../output.js';
import { paramCommand, readParams } from '../param-flags.js';
import { driveSession, type Session } from '../session.js';
import { functionsTarget, loadTarget, type Target } from '../target.js';
import { printOutcome } from '../outcome.js';
import { type CommandSession, storeOf, withSessionOptions } from './options.js';

type Options = CommandSession & { param: string[]; functions: string[]; resume?: string; runId?: string; help?: boolean };

const collect = (value: string, all: string[]): string[] => [...all, value];

/** `kt run`: a pipeline or a document, here. */
export function runCommand(output: Output): Command {
  const command = new Command('run')
    .summary('run a pipeline here: in this process, or in one process per core')
    .description('Runs a pipeline (a name, file.ts or file.ts#name) or a document (spec.json) on this machine.\nThe parameters of a pipeline are flags of their own: kt run PIPELINE --help lists them.')
    .argument('[pipeline]', 'name in pipelines/, path of a module, or document')
    .helpOption(false)
    .option('-h, --help', 'show this help, with the parameters of the pipeline where one is given')
    .option('--param <key=value>', 'a parameter, for names that are no flag of their own (repeatable)', collect, [])
    .option('--functions <module>', "functions for a document: a module's exports under their names (repeatable)", collect, [])
    .option('--resume <run>', 'go on with a run that was interrupted')
    .option('--run-id <id>', 'name of the new run')
    .allowUnknownOption()
    .allowExcessArguments();
  return withSessionOptions(command).action(async (typed: string | undefined, options: Options) => {
    const rest = command.args.slice(typed === undefined ? 0 : 1);
    if (options.help === true) {
      await printHelp(command, { typed, functions: options.functions, output });
      return;
    }
    const store = await storeOf(options);
    const session = options.resume === undefined ? await begin() : await resume(options.resume);
    const status = await driveSession(session, options);
    await printOutcome(session, { status, json: options.json });
    process.exitCode = exitCodeOf(status);

    async function begin(): Promise<Session> {
      if (typed === undefined) throw new KtError({ code: 'MISSING_ARGUMENT', path: 'pipeline', message: 'What should run?', hint: 'kt run PIPELINE, kt run spec.json --functions MODULE, or kt run --resume RUN.' });
      const target = await loadTarget(typed, options.functions);
      const params = isPipeline(target.pipeline) ? readParams(target.pipeline, rest, options.param) : noParams(rest);
      const { runId } = options;
      const record = await newRun({ pipeline: target.pipeline, params, clock: systemClock, source: target.source, ...(runId === undefined ? {} : { runId }) });
      if (!(await writeRecord(store, record))) throw new KtError({ code: 'RUN_EXISTS', path: '--run-id', message: `There is a run "${record.runId}" already.`, hint: `Go on with it: kt run --resume ${record.runId}` });
      return { record, target, store, resumed: false, output };
    }

    async function resume(runId: string): Promise<Session> {
      if (typed !== undefined && rest.length + options.param.length > 0) noParams(rest);
      return { ...(await reopen(runId, { store, output, functions: options.functions })), resumed: true };
    }
  });
}

/** A stored run with its functions, ready to be driven on. */
export async function reopen(runId: string, { store, output, functions }: { store: Session['store']; output: Output; functions: string[] }): Promise<Omit<Session, 'resumed'>> {
  const record = await readRecord(store, runId);
  if (record === null) throw new KtError({ code: 'UNKNOWN_RUN', path: 'run', message: `There is no run "${runId}" in this store.`, hint: 'kt runs lists them.' });
  const target = await targetOf(record.source, functions);
  if (record.source !== null && record.source.digest !== target.source?.digest && (await readSummary(store, runId)) !== null) {
    output.err(`note: the functions have changed since run ${runId} began; what is still to do uses them as they are now.`);
  }
  return { record, target, store, output };
}

async function targetOf(source: Target['source'], functions: string[]): Promise<Target> {
  const modules = functions.length > 0 ? functions : (source?.functions ?? []);
  const first = source?.pipeline ?? modules[0];
  if (first === undefined || first === null) throw new KtError({ code: 'NO_FUNCTIONS', path: '--functions', message: 'This run was made without functions.', hint: 'Give --functions MODULE.' });
  if (source?.pipeline !== null && source?.pipeline !== undefined) return loadTarget(source.pipeline, modules);
  return functionsTarget(modules);
}

function noParams(rest: readonly string[]): Record<string, never> {
  const [first] = rest;
  if (first !== undefined) throw new KtError({ code: 'UNKNOWN_OPTION', path: 'params', message: `"${first}" is not expected here: a document takes no parameters.`, hint: 'See kt run --help.' });
  return {};
}

async function printHelp(command: Command, { typed, functions, output }: { typed: string | undefined; functions: string[]; output: Output }): Promise<void> {
  output.out(command.helpInformation());
  if (typed === undefined) return;
  const { pipeline } = await loadTarget(typed, functions);
  if (!isPipeline(pipeline)) return;
  const lines = paramCommand(pipeline).helpInformation().split('\n').slice(2);
  output.out(`Parameters of "${pipeline.name}":${lines.length > 1 ? `\n${lines.join('\n').replace(/^\s*Options:\n/, '')}` : ' none'}`);
}
