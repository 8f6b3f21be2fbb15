/** From what was typed for `kt submit --server` to a run of a deployed pipeline. */
import { didYouMean, KtError, omitUndefined, type StandardSchema } from '@kube-transform/sdk';
import { asJson, fits, object } from '@kube-transform/runtime/internal';
import { typedSchema } from '../cluster/deployed-params.js';
import type { RunRequest } from '../../pipeline/make-run.js';
import { paramText, readParams } from '../../pipeline/param-flags.js';
import type { StartedRun } from '../backend.js';
import { startedIn } from './answers.js';
import type { OpenedServer } from './open-server.js';

/** What may be typed beside, of `kt submit`; the rest is refused. */
export interface ServerSubmission {
  version?: string | undefined;
  /** Names of options that say how a run is made from here. */
  others: readonly string[];
}

/** Begins a run. @throws KtError for every mistake in what was typed, and what the server refuses. */
export async function submitToServer(
  { client, backend }: OpenedServer,
  { typed, rest, pairs, functions, runId }: RunRequest,
  { version, others }: ServerSubmission,
): Promise<StartedRun> {
  const [flag] = [...(functions.length > 0 ? ['functions'] : []), ...others];
  if (flag !== undefined) {
    const message = `--${flag} says how a run is made from here, and ${backend.name} begins runs of what is deployed, as it is.`;
    throw new KtError({ code: 'UNEXPECTED_OPTION', path: `--${flag}`, message, hint: 'Leave it out.' });
  }
  if (typed === undefined || typed.startsWith('-'))
    throw new KtError({
      code: 'MISSING_ARGUMENT',
      path: 'pipeline',
      message: 'No pipeline was named.',
      hint: 'kt submit PIPELINE: the name of one that is deployed.',
    });
  const pipeline = await deployedOn({ client, backend }, typed, version);
  const params = readParams(pipeline, rest, pairs);
  const body = { params: asJson(params), ...omitUndefined({ version, runId }) };
  const started = await client.ask('startRun', {
    path: { pipeline: typed },
    body,
    idempotencyKey: crypto.randomUUID(),
  });
  return startedIn(started, backend);
}

/** The parameters of what is deployed, as the help shows them. @throws KtError `NOT_DEPLOYED` */
export async function paramHelpOf(
  server: OpenedServer,
  typed: string,
  version: string | undefined,
): Promise<string> {
  return paramText(await deployedOn(server, typed, version));
}

/** What is deployed under a name. @throws KtError `NOT_DEPLOYED` */
async function deployedOn(
  { client, backend }: OpenedServer,
  typed: string,
  version: string | undefined,
): Promise<{ name: string; params: StandardSchema | undefined }> {
  if (/[./#\\]/.test(typed)) {
    const { pipelines } = await client.ask('pipelines', {});
    const names = pipelines.map(({ name }) => name);
    const message = `"${typed}" is a file, and ${backend.name} begins runs of what is deployed.`;
    const hint = didYouMean(typed, names) ?? `Deployed: ${names.join(', ') || 'nothing'}.`;
    throw new KtError({ code: 'NOT_DEPLOYED', path: 'pipeline', message, hint });
  }
  const found = await client.ask('pipeline', { path: { pipeline: typed }, query: { version } });
  return { name: typed, params: typedSchema({ params: fits(object, found.params) ?? null }) };
}
