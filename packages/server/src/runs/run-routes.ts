/** The routes of runs as data; `http/routes.ts` has those of jobs. */
import * as z from 'zod';
import {
  CancelledView,
  CollectBody,
  CollectedView,
  EventView,
  FailedView,
  LineView,
  PipelineView,
  RunRefView,
  RunView,
  StartBody,
  StartedView,
  VersionView,
} from './run-views.js';

const KEY = {
  'Idempotency-Key': 'The same run for the same key: 1 to 255 visible characters',
} as const;
const STEP = { step: 'STEP or STEP/INDEX; where it is not given, the whole run' } as const;
const PREVIOUS = { previous: 'true: only what the attempts before the latest printed' } as const;
const note = z.object({ text: z.string() });
const lineEnd = z.object({ count: z.int() });
const LINES = 'application/x-ndjson';
const EVENTS = 'text/event-stream';

export const RUN_ROUTES = {
  pipelines: {
    method: 'GET',
    path: '/pipelines',
    summary: 'The pipelines that are deployed',
    scope: 'read',
    answer: z.object({ pipelines: z.array(PipelineView) }),
  },
  pipeline: {
    method: 'GET',
    path: '/pipelines/{pipeline}',
    summary: 'A deployed pipeline: its parameters and schedules',
    scope: 'read',
    query: { version: 'A version that is kept; where it is not given, the deployed one' },
    answer: VersionView,
  },
  startRun: {
    method: 'POST',
    path: '/pipelines/{pipeline}/runs',
    summary: 'Begin a run of a deployed pipeline',
    scope: 'submit',
    headers: KEY,
    body: StartBody,
    answer: StartedView,
  },
  runs: {
    method: 'GET',
    path: '/runs',
    summary: 'The runs, the newest first; what is told of each may be less than of one alone',
    scope: 'read',
    query: {
      pipeline: 'Only those of a pipeline',
      status: 'Only those that stand so',
      limit: 'How many; where it is not given, all',
    },
    answer: z.object({ runs: z.array(RunView) }),
  },
  findRun: {
    method: 'GET',
    path: '/find-run',
    summary: 'The run that is meant by the beginning of its id, or by "latest"',
    scope: 'read',
    query: { run: 'An id, the beginning of one, or latest' },
    answer: RunRefView,
  },
  run: {
    method: 'GET',
    path: '/runs/{run}',
    summary: 'How a run stands: its steps, counts and failures, and its result',
    scope: 'read',
    answer: RunView,
  },
  runFailures: {
    method: 'GET',
    path: '/runs/{run}/failures',
    summary: 'The items that failed, each with its cause and what it printed, a JSON object a line',
    scope: 'read',
    query: { ...STEP, ...PREVIOUS },
    answer: LINES,
    events: { failed: FailedView, note, end: lineEnd },
  },
  runLogs: {
    method: 'GET',
    path: '/runs/{run}/logs',
    summary: 'What items printed, in the order of time, a JSON object a line',
    scope: 'read',
    query: { ...STEP, ...PREVIOUS },
    answer: LINES,
    events: { line: LineView, note, end: lineEnd },
  },
  followRunLogs: {
    method: 'GET',
    path: '/runs/{run}/logs/follow',
    summary: 'What items print, from what they have printed so far to the end of the run',
    scope: 'read',
    query: STEP,
    answer: EVENTS,
    events: { line: LineView, note, end: lineEnd },
  },
  followRun: {
    method: 'GET',
    path: '/runs/{run}/events/follow',
    summary: 'What happens in a run, from what has happened so far to its end, and how it stands then',
    scope: 'read',
    answer: EVENTS,
    events: { event: EventView, note, end: z.nullable(RunView) },
  },
  cancelRun: {
    method: 'POST',
    path: '/runs/{run}/cancel',
    summary: 'End a run for good; again, it changes nothing, and says what is still to end',
    scope: 'admin',
    query: { waitSec: 'How long to wait for its pods: 0 to 30; 0 where it is not given' },
    answer: CancelledView,
  },
  retryRun: {
    method: 'POST',
    path: '/runs/{run}/retry',
    summary: 'Begin a run that repeats what failed in another, with the code of that one',
    scope: 'submit',
    headers: KEY,
    answer: StartedView,
  },
  collect: {
    method: 'POST',
    path: '/gc',
    summary: 'Delete runs that have ended, and code that no run needs',
    scope: 'admin',
    body: CollectBody,
    answer: CollectedView,
  },
} as const;

/** The name of a route of runs. */
export type RunRouteName = keyof typeof RUN_ROUTES;
