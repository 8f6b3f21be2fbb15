/** Makes the record of a new run from what was typed, and loads the functions of stored ones. */
import { isPipeline, KtError } from '@kube-transform/sdk';
import type { FileStore, RunRecord } from '@kube-transform/runtime';
import { jobsToCall, newRun, type NewRunOptions, systemClock } from '@kube-transform/runtime/internal';
import { paramText, readParams } from './param-flags.js';
import { functionProblems, problemsOf } from './check-pipeline.js';
import { loadFunctions, loadPipeline, type LoadedPipeline } from './load-pipeline.js';

/** What was typed for `kt run`. */
export interface RunRequest {
  typed: string | undefined;
  /** Words and flags that are no options of `kt run` itself. */
  rest: readonly string[];
  /** `key=value` of `--param`. */
  pairs: readonly string[];
  functions: readonly string[];
  runId: string | undefined;
  /** The image of container steps that name none. */
  containerImage?: NewRunOptions['containerImage'];
  /** Steps that run, with all that depends on them, whatever there is of them. */
  force?: readonly string[] | undefined;
  /** What steps have where they say nothing. */
  defaults?: NonNullable<NewRunOptions['defaults']>;
}

/** Makes the record of a new run; nothing is stored. @throws KtError for every mistake in what was typed. */
export async function makeRun(
  { typed, rest, pairs, functions, runId, force, defaults, containerImage }: RunRequest,
  command = 'kt run',
): Promise<{ record: RunRecord; loaded: LoadedPipeline }> {
  if (typed === undefined) {
    throw new KtError({
      code: 'MISSING_ARGUMENT',
      path: 'pipeline',
      message: 'No pipeline was named.',
      hint: `${command} PIPELINE, ${command} spec.json --functions MODULE, or ${command} --resume RUN.`,
    });
  }
  if (typed.startsWith('-')) refuseWords([typed], command);
  const loaded = await loadPipeline(typed, functions);
  const problems = problemsOf(loaded);
  if (problems.length > 0) throw new KtError(problems);
  const params = isPipeline(loaded.pipeline)
    ? readParams(loaded.pipeline, rest, pairs)
    : refuseWords([...rest, ...pairs], command);
  const record = await newRun({
    pipeline: loaded.pipeline,
    params,
    clock: systemClock,
    source: loaded.source,
    runId,
    force,
    defaults,
    containerImage,
  });
  return { record, loaded };
}

/** Says so where the functions are no longer those that a run began with. */
export function noteChange(
  runId: string,
  { began, loaded }: { began: string | undefined; loaded: LoadedPipeline },
  note: (text: string) => void,
): void {
  if (began === undefined || began === loaded.source?.digest) return;
  note(
    `note: the functions have changed since run ${runId} began; what is still to do uses them as they are now.`,
  );
}

/**
 * The functions of a stored run, bundled anew. @throws KtError `NO_FUNCTIONS`, and what loading them throws.
 */
export async function loadSource(
  source: LoadedPipeline['source'],
  functions: readonly string[],
): Promise<LoadedPipeline> {
  const modules = functions.length > 0 ? functions : (source?.functions ?? []);
  const pipeline = source?.pipeline ?? null;
  if (pipeline !== null) return loadPipeline(pipeline, modules);
  if (modules.length > 0) return loadFunctions(modules);
  throw new KtError({
    code: 'NO_FUNCTIONS',
    path: '--functions',
    message: 'This run was made without functions.',
    hint: 'Give --functions MODULE.',
  });
}

/**
 * Loads the functions with which a stored run goes on, or is repeated: all that are still to be called are
 * there. @throws KtError `UNKNOWN_FUNCTION` with "did you mean", and as `loadSource`.
 */
export async function loadStored(
  store: FileStore,
  record: RunRecord,
  {
    functions,
    ...which
  }: { how: 'resume' | 'retry'; functions: readonly string[]; force?: readonly string[] },
): Promise<LoadedPipeline> {
  const loaded = await loadSource(record.source, functions);
  const jobs = await jobsToCall(store, record, which);
  const problems = functionProblems({ jobs }, loaded.catalog.names(), i => jobs[i]?.name ?? 'jobs');
  if (problems.length > 0) throw new KtError(problems);
  return loaded;
}

function refuseWords(words: readonly string[], command: string): Record<string, never> {
  const [first] = words;
  if (first === undefined) return {};
  const option = first.startsWith('-');
  throw new KtError({
    code: option ? 'UNKNOWN_OPTION' : 'UNEXPECTED_ARGUMENT',
    path: command,
    message: option
      ? `The option "${first}" is not known; options of a pipeline follow its name.`
      : `"${first}" is not expected here: a document takes no parameters.`,
    hint: `See ${command} --help.`,
  });
}

/** The parameters of a pipeline as the help shows them; undefined for a document. */
export async function paramHelp(typed: string, functions: readonly string[]): Promise<string | undefined> {
  const { pipeline } = await loadPipeline(typed, functions);
  return isPipeline(pipeline) ? paramText(pipeline) : undefined;
}
