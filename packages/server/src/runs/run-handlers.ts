/** What each route of runs does. */
import type { Context } from 'hono';
import { isKtError, type JsonObject, KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { fits, object } from '@kube-transform/runtime/internal';
import type * as z from 'zod';
import { type Followers } from '../requests/followers.js';
import { bad, jsonOf, keyOf, numberIn } from '../requests/read-request.js';
import type { RunRouteName } from './run-routes.js';
import { CollectBody, type RunRefView, StartBody, type StartedView } from './run-views.js';
import type { ServedRun, ServedRuns, StartedServedRun } from './served-runs.js';
import { eventsOf, linesAsPrinted, storedOf } from './tell-runs.js';
import { answerTold, type Told } from './told.js';

/** What handlers of runs work with. */
export interface RunServing {
  /** Default: no runs are served. */
  runs?: ServedRuns | undefined;
  clock: Clock;
  /** Aborted when the server ends. */
  ending: AbortSignal;
  /** Who follows. */
  followers: Followers;
  /** Who reads what a store holds, which may take a pod. */
  readers: Followers;
  /** What is said of an error. */
  wordsOf(error: unknown): unknown;
}

type Handler = (c: Context) => Promise<Response> | Response;

const MOST_RUNS = 1_000_000;
const MAX_WAIT_SEC = 30;
const LATER = 'Ask again later.';

const refOf = ({ runId, createdMs, source }: ServedRun): z.input<typeof RunRefView> => ({
  runId,
  createdMs,
  source,
});
const startedOf = ({ run, submitted }: StartedServedRun): z.input<typeof StartedView> => {
  const { context, namespace, digest, version } = submitted;
  return { ...refOf(run), context, namespace, digest, ...(version === undefined ? {} : { version }) };
};

/** A yes or no of the query. @throws KtError `BAD_REQUEST` */
function flagIn(c: Context, key: string): boolean {
  const text = c.req.query(key) ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw bad(`"${key}" is true or false, not ${JSON.stringify(text.slice(0, 50))}.`);
}

/** Handlers by the names of their routes. */
export function runHandlersOf(serving: RunServing): Record<RunRouteName, Handler> {
  const { clock, ending, followers, readers, wordsOf } = serving;
  const served = (): ServedRuns => {
    if (serving.runs !== undefined) return serving.runs;
    const message = 'This server serves no runs of pipelines.';
    throw new KtError({
      code: 'RUNS_NOT_SERVED',
      path: '',
      message,
      hint: 'Start it with JOB_SERVER_RUNS=true.',
    });
  };
  /** The run of the path: it is named by its whole id, since another may come with the same beginning. */
  const runOf = async (c: Context): Promise<ServedRun> => {
    const id = c.req.param('run') ?? '';
    const run = await served()
      .find(id)
      .catch((error: unknown) => {
        if (isKtError(error) && ['AMBIGUOUS_RUN', 'NO_RUNS'].includes(error.code)) return null;
        throw error;
      });
    if (run?.runId === id) return run;
    const hint = run === null ? 'GET /runs lists them.' : `Write its whole id: "${run.runId}".`;
    const message = `There is no run "${id.slice(0, 120)}".`;
    throw new KtError({ code: 'UNKNOWN_RUN', path: 'run', message, hint });
  };
  const tell = async (
    c: Context,
    { as, from }: { as: 'lines' | 'events'; from: Followers },
    told: (run: ServedRun, signal: AbortSignal) => AsyncGenerator<Told, void>,
  ): Promise<Response> => {
    const done = from.enter(LATER);
    const gone = new AbortController();
    let begun: AsyncGenerator<Told, void>;
    try {
      begun = told(await runOf(c), AbortSignal.any([gone.signal, ending]));
    } catch (error) {
      done();
      throw error;
    }
    return answerTold(c, begun, { as, clock, gone, wordsOf, done });
  };
  const wanted = (c: Context): { selector: string | undefined; previous: boolean } => ({
    selector: c.req.query('step'),
    previous: flagIn(c, 'previous'),
  });
  return {
    pipelines: async c => c.json({ pipelines: await served().pipelines() }),
    pipeline: async c =>
      c.json(await served().pipeline(c.req.param('pipeline') ?? '', c.req.query('version'))),
    startRun: async c => {
      const runs = served();
      const { params = {}, version, runId } = await jsonOf(c, StartBody);
      const key = keyOf(c);
      const pipeline = c.req.param('pipeline') ?? '';
      const started = await runs.start({ pipeline, version, params: valuesOf(params), runId, key });
      return c.json(startedOf(started));
    },
    runs: async c => {
      const [pipeline, status] = [c.req.query('pipeline'), c.req.query('status')];
      const limit = numberIn(c, 'limit', [1, MOST_RUNS]);
      const all = (await served().list()).filter(
        run => (pipeline ?? run.pipeline) === run.pipeline && (status ?? run.status) === run.status,
      );
      return c.json({ runs: all.slice(0, limit).map(({ where: _, ...run }) => run) });
    },
    findRun: async c => c.json(refOf(await served().find(c.req.query('run') ?? 'latest'))),
    run: async c => c.json(await served().read(await runOf(c))),
    runFailures: c => {
      const { selector, previous } = wanted(c);
      return tell(c, { as: 'lines', from: readers }, (run, signal) =>
        storedOf('failed', note => served().failedLogs(run, { selector, previous, note, signal }), signal),
      );
    },
    runLogs: c => {
      const { selector, previous } = wanted(c);
      return tell(c, { as: 'lines', from: readers }, (run, signal) =>
        storedOf('line', note => served().logs(run, { selector, previous, note, signal }), signal),
      );
    },
    followRunLogs: c =>
      tell(c, { as: 'events', from: followers }, (run, signal) =>
        linesAsPrinted(served(), run, { selector: c.req.query('step'), signal }),
      ),
    followRun: c =>
      tell(c, { as: 'events', from: followers }, (run, signal) => eventsOf(served(), run, signal)),
    cancelRun: async c => {
      const waitSec = numberIn(c, 'waitSec', [0, MAX_WAIT_SEC]) ?? 0;
      const run = await runOf(c);
      let waiting = '';
      const { pods, ended } = await served().cancel(run, {
        timeoutMs: waitSec * 1000,
        progress: text => void (waiting = text),
        signal: AbortSignal.any([c.req.raw.signal, ending]),
      });
      return c.json({ runId: run.runId, ended, pods, waiting: waiting === '' ? null : waiting });
    },
    retryRun: async c => {
      const key = keyOf(c);
      return c.json(startedOf(await served().repeat(await runOf(c), { key })));
    },
    collect: async c => {
      const runs = served();
      const {
        keep = 0,
        interrupted = false,
        dryRun = false,
        nowMs,
        olderThanMs,
      } = await jsonOf(c, CollectBody);
      const options = { olderThanMs, keep, interrupted, dryRun, nowMs: nowMs ?? clock.nowMs() };
      const deleted = await runs.collect(options);
      return c.json({ deleted: deleted.map(({ kind, name, bytes }) => ({ kind, name, bytes })) });
    },
  };
}

/** What came as JSON, as such. */
const valuesOf = (params: Record<string, unknown>): JsonObject => fits(object, params) ?? {};
