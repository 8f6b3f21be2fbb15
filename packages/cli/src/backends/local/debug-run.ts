/** Prepares a process here that calls the function of one item again, under a debugger. */
import { devNull } from 'node:os';
import { KtError } from '@kube-transform/sdk';
import type { FileStore, RunRecord } from '@kube-transform/runtime';
import { readManifest, selectItems } from '@kube-transform/runtime/internal';
import { workerOf } from '../../pipeline/load-pipeline.js';
import { loadSource } from '../../pipeline/make-run.js';
import type { Debugging, DebugOptions } from '../backend.js';
import { shellWord } from '../../terminal/plain-text.js';
import { viewRun } from './read-run.js';

const refusal = (code: string, message: string, hint: string): KtError =>
  new KtError({ code, path: 'run', message, hint });

/** What to start. @throws KtError where it has no function, or the store is no place for other processes. */
export async function debugHere(
  store: FileStore,
  record: RunRecord,
  { selector, local, image, memory, note }: DebugOptions,
): Promise<Debugging> {
  const { runId, source } = record;
  if (!local || image !== undefined || memory !== undefined)
    throw refusal(
      'NOT_IN_A_CLUSTER',
      `Run "${runId}" was driven here: it has no pods to look into.`,
      'kt debug RUN STEP/ITEM --local calls the function of an item again under a debugger.',
    );
  const { jobs } = await viewRun(store, record, { counts: () => false });
  const { jobs: names, item: asked } = selectItems(jobs, { runId, selector });
  const [job = ''] = names;
  const manifest = await readManifest(store, runId, job);
  if (manifest === null)
    throw refusal('UNKNOWN_ITEM', `Step "${job}" of run "${runId}" has not begun.`, 'Choose another step.');
  if (manifest.job.container !== null)
    throw refusal(
      'NO_FUNCTIONS',
      `Step "${job}" runs containers, and --local calls functions.`,
      'Run its image with your container tool; kt logs has what it printed.',
    );
  if (asked === null && manifest.items > 1)
    throw refusal(
      'MISSING_ITEM',
      `Step "${job}" has ${manifest.items} items: which one is meant has to be said.`,
      `kt debug ${shellWord(runId)} ${shellWord(`${job}/0`)} --local`,
    );
  const { url, kind } = store.capabilities;
  if (url === null)
    throw refusal('STORE_NOT_SHARED', `Another process cannot open this "${kind}:" store.`, 'Use file:DIR.');
  const loaded = await loadSource(source, []);
  const worker = await workerOf(loaded, url);
  if (worker === undefined)
    throw refusal('NO_FUNCTIONS', `It is not known where the functions of run "${runId}" are.`, '');
  if (source?.digest != null && loaded.source?.digest !== source.digest)
    note('The code has changed since the run was begun: it is called as it is now.');
  return {
    kind: 'process',
    script: worker,
    env: {
      ...{ KT_STORE: url, KT_RUN: runId, KT_JOB: job, KT_DEBUG_ITEM: String(asked ?? 0) },
      ...{ KT_DIGEST: bundleDigestOf(worker), KT_TERMINATION: devNull },
      ...manifest.job.env,
    },
  };
}

/** A bundle lies in a folder of its digest's name. */
const bundleDigestOf = (worker: string): string => worker.split(/[\\/]/).at(-2) ?? '';
