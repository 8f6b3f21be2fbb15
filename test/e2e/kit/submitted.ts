/**
 * Runs of documents in a test cluster, through the library: submitted, followed to their end, and what was
 * told of them.
 */
import { fileURLToPath } from 'node:url';
import type { FailureCause, KTJobInput } from '@kube-transform/sdk';
import type { RunEvent, RunSummary } from '@kube-transform/runtime';
import { newRun, type NewRunOptions, readOutcomes, systemClock } from '@kube-transform/runtime/internal';
import type { ClusterSettings } from '@kube-transform/runtime/kubernetes';
import { makeBundle } from '@kube-transform/cli';
import { followRun } from '../../../packages/cli/src/backends/cluster/follow-run.js';
import { submitRun } from '../../../packages/cli/src/backends/cluster/submit-run.js';
import { root } from '../../kit/sources.js';
import type { TestCluster } from './cluster.js';

/** A run while it goes on, and how it ended. */
export interface Submitted {
  runId: string;
  events: RunEvent[];
  /** `sees` resolves with the first that matches. */
  notes: { all: string[]; sees(pattern: RegExp): Promise<string> };
  /** Resolves with the first event of a kind. */
  sees<T extends RunEvent['type']>(
    type: T,
    is?: (event: RunEvent & { type: T }) => boolean,
  ): Promise<RunEvent & { type: T }>;
  /** Rejects where following ends with an error. */
  ended: Promise<RunSummary>;
  /** Why a job failed. */
  causeOf(job: string): FailureCause | undefined;
  /** What its items waited for, as it was told. */
  waitsOf(job: string): string[];
  /** What the store has of an item. */
  outcomeOf(
    job: string,
    item?: number,
  ): Promise<Awaited<ReturnType<typeof readOutcomes>> extends Map<number, infer T> ? T | undefined : never>;
}

export const endsFile = fileURLToPath(new URL('../../fixtures/functions/ends.ts', import.meta.url));

/**
 * Whose pods a table is tried with, and what says so; with KT_E2E_WARM=1 also pods that are of no step. A
 * node tells of some five events a second: where it is behind, why a pod does not start is known late.
 */
export const KINDS: readonly ['pods' | 'warm pods', 'step' | 'run'][] = [
  ['pods', 'step'],
  ...(process.env['KT_E2E_WARM'] === '1' ? [['warm pods', 'run'] as ['warm pods', 'run']] : []),
];

/** Jobs are given without `type`: they are static, with one call, unless they say so. */
export type GivenJob = Partial<KTJobInput> & { name: string; call?: [string, object] };

/** With what a run is begun, beside its jobs. */
type Begun = Pick<NewRunOptions, 'force' | 'containerImage'>;

/** Submits a run of jobs that call functions of `fixtures/functions/ends.ts`, and follows it. */
export async function submitJobs(
  cluster: TestCluster,
  jobs: readonly GivenJob[],
  { force, containerImage, ...settings }: Partial<ClusterSettings> & Begun = {},
): Promise<Submitted> {
  const bundle = await makeBundle({ entries: [endsFile], projectDir: root });
  const whole = jobs.map(({ call: [name, args] = ['square', { n: 3 }], ...job }): KTJobInput => ({
    type: 'static',
    memory: '128Mi',
    cpu: '50m',
    ...(job.type === undefined
      ? { tasks: [{ function: `ends.${name}`, args: args as Record<string, never> }] }
      : {}),
    ...job,
  }));
  const record = await newRun({
    pipeline: { name: 'e2e', jobs: whole },
    clock: systemClock,
    source: { pipeline: null, functions: [], digest: bundle.digest },
    ...{ force, containerImage },
  });
  const { runId } = record;
  await submitRun(cluster.api, { record, bundle, settings: { ...cluster.settings, ...settings } });
  const events: RunEvent[] = [];
  const notes: string[] = [];
  let look: (() => void)[] = [];
  const publish = (event: RunEvent): void => {
    events.push(event);
    for (const one of look.splice(0)) one();
  };
  const note = (text: string): void => {
    notes.push(text);
    for (const one of look.splice(0)) one();
  };
  const until = async <T>(what: string, find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (over) throw new Error(`the run ended without ${what}; notes: ${notes.join(' | ')}`);
      await new Promise<void>(resolve => look.push(resolve));
    }
  };
  let over = false;
  const ended = followRun(cluster.api, runId, {
    sink: { publish },
    note,
    signal: new AbortController().signal,
  })
    .then(summary => {
      if (summary === null) throw new Error('the run has no summary');
      return summary;
    })
    .finally(() => {
      over = true;
      for (const one of look.splice(0)) one();
      look = [];
    });
  ended.catch(() => undefined);
  const find = (job: string): RunEvent | undefined =>
    events.findLast(
      event => event.type === 'JobStatusChanged' && event.job === job && event.cause !== undefined,
    );
  return {
    runId,
    events,
    notes: {
      all: notes,
      sees: pattern => until(String(pattern), () => notes.find(text => pattern.test(text))),
    },
    ended,
    sees: (type, is = () => true) =>
      until(type, () =>
        events.find(
          (event): event is RunEvent & { type: typeof type } => event.type === type && is(event as never),
        ),
      ),
    causeOf: job => {
      const event = find(job);
      return event?.type === 'JobStatusChanged' ? event.cause : undefined;
    },
    waitsOf: job =>
      events.flatMap(event =>
        event.type === 'JobWaiting' && event.job === job && event.message !== null ? [event.message] : [],
      ),
    outcomeOf: async (job, item = 0) => (await readOutcomes(cluster.store, runId, job)).get(item),
  };
}
