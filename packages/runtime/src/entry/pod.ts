/*
 * A worker in a pod of a cluster: runs one pod of one job, told by its environment which, and ends with an
 * exit code that its Job knows.
 *
 * - Exit 0: all items have a result. 78: all are decided, some failed for good. 79: as 78, and the job stops
 *   at the first. 143: told to stop. 74: the store failed. 75: something else it cannot do without. 76: the
 *   process ended as if all were well, with items undone. Anything else: the process broke; the termination
 *   message says what it was at.
 * - SIGTERM aborts what runs; what was told to stop costs no attempt.
 */
import { fileURLToPath } from 'node:url';
import { isKtError, KtError, omitUndefined } from '@kube-transform/sdk';
import { withinLog } from '../process/console-capture.js';
import type { HardTimeout } from '../process/hard-timeout.js';
import { HintClient, outOfReach } from '../kubernetes/run/hint-client.js';
import { messageOf } from '../parse/thrown.js';
import { printLine, printLog } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { TERMINATION_NOTE, TerminationFile } from '../process/termination-message.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import { residentBytes } from '../process/resident-memory.js';
import { LINGER_MS, untilQuiet } from '../process/until-quiet.js';
import { itemNotes } from '../kubernetes/warm/item-notes.js';
import { serveWarmPod } from '../kubernetes/warm/serve-warm-pod.js';
import { nthOfRanges } from '../kubernetes/api/index-ranges.js';
import { pacing } from '../executors/pacing.js';
import { type LocalHost, localHost } from '../local-host.js';
import { openStore } from '../open-store.js';
import type { Assignment, AssignmentRequest, FileStore, FunctionCatalog, JobOrder } from '../ports/index.js';
import { attemptTimeoutMs, stopsJob } from '../worker/retry-policy.js';
import type { PodHost } from '../worker/pod-host.js';
import { runPod } from '../worker/run-pod.js';
import { BEYOND_RETRY } from './beyond-retry.js';
import { replayItem } from '../worker/replay-item.js';
import { verifyFiles } from './verify-files.js';

/** The share of its memory with which a process takes nothing more. */
const GROWN = 0.7;
/** Node's own exit code where an awaited promise can no longer settle. */
const UNSETTLED = 13;
const RESERVED: ReadonlySet<number> = new Set([0, ...Object.values(EXIT_CODE)]);

/** Runs the pod that the environment names, and ends the process. */
export async function servePod(catalog: FunctionCatalog, sums: Record<string, string>): Promise<never> {
  const note = new TerminationFile(notePath());
  let code: number | undefined;
  let isDry = false;
  process.once('beforeExit', () => (isDry = true));
  process.once('exit', left => {
    // Codes that mean something to Kubernetes are not for functions to say.
    const isOpen = isDry && left === UNSETTLED;
    if (code !== undefined) process.exitCode = code;
    if (code !== undefined || !(isOpen || RESERVED.has(left))) return;
    note.say(
      isDry
        ? 'The function is waiting for a promise that can no longer settle.'
        : `The function called process.exit(${left}).`,
    );
    process.exitCode = EXIT_CODE.early;
  });
  try {
    code = await run(catalog, sums, note);
    // What functions that have returned still do, and log, has its time here as it has elsewhere.
    if (code !== EXIT_CODE.stopped) await untilQuiet(LINGER_MS);
  } catch (error) {
    note.say(messageOf(error));
    printLog('error', messageOf(error));
    code = codeOf(error);
  }
  process.exit(code);
}

function codeOf(error: unknown): number {
  if (!isKtError(error)) return EXIT_CODE.broken;
  if (BEYOND_RETRY.has(error.code)) return EXIT_CODE.unfit;
  return error.code === 'STORE_FAILED' ? EXIT_CODE.unstored : EXIT_CODE.broken;
}

const notePath = (): string => process.env['KT_TERMINATION'] ?? '/dev/termination-log';

function setting(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new KtError({
    code: 'NOT_A_POD',
    path: name,
    message: `The environment of this pod has no ${name}.`,
    hint: 'Pods are started by kt submit.',
  });
}

async function run(
  catalog: FunctionCatalog,
  sums: Record<string, string>,
  note: TerminationFile,
): Promise<number> {
  const replayed = process.env['KT_DEBUG_ITEM'];
  if (replayed !== undefined) return await replay(Number(replayed), catalog, sums);
  if (process.env['KT_WARM'] !== undefined)
    return await runWarm(process.env['KT_WARM'], { catalog, sums, note });
  const [runId, job, index] = [setting('KT_RUN'), setting('KT_JOB'), Number(setting('JOB_COMPLETION_INDEX'))];
  const lanes = Number(process.env['KT_LANES'] ?? Number.POSITIVE_INFINITY);
  const own = nthOfRanges(setting('KT_PODS'), index);
  if (own === undefined)
    throw new KtError({
      code: 'NO_SUCH_POD',
      path: 'KT_PODS',
      message: `This Job has no pod of index ${index}.`,
    });
  const { store, host, signal } = await ground(catalog, sums);
  const hints = new HintClient(store, runId);
  const ask = { job, wave: Number(setting('KT_WAVE')), index };
  // Where each request has its price and its time, the controller tells at once what it has read.
  const told =
    index < lanes && store.capabilities.kind !== 'file'
      ? await hints.begin({ ...ask, begins: isFirst() ? 'first' : 'again' })
      : null;
  const step: JobOrder | null = told?.step ?? (await host.manifests(runId, job));
  const timeoutMs = step === null ? null : attemptTimeoutMs(step.job);
  const timeout = timeoutMs === null ? undefined : await hardTimeout({ timeoutMs });
  let at = own;
  const podHost: PodHost = {
    ...host,
    ...pacing(step?.job.concurrency ?? 1),
    ...itemNotes({ note, timeout, hints, clock: systemClock }, () => ({ job, pod: at })),
    signal,
    draining: () => false,
    echo: printLine,
    within: withinLog,
  };
  const isShared = Number.isFinite(lanes);
  const more = (done?: AssignmentRequest['done']): Promise<Assignment> =>
    hints.assign({ ...ask, ...omitUndefined({ done }) }, { clock: systemClock, signal });
  let hasFailed = false;
  for (let given = told ?? (index < lanes ? { pod: own } : await more()); given.pod !== null;) {
    const { pod } = given;
    at = pod;
    if (isShared) note.take({ pod });
    const known = { ...given, ...omitUndefined({ step: step ?? undefined }) };
    const outcome = await runPod({ runId, job, pod, crashed: [] }, podHost, known);
    const { last = 0 } = outcome;
    const done = { pod, last, ...omitUndefined({ segment: outcome.segment }) };
    note.stored(last);
    hasFailed ||= outcome.failed > 0;
    const isEnough = step !== null && stopsJob(step.job, { failed: outcome.failed, items: step.items });
    const isOver = !isShared || isEnough || outcome.open > 0 || isGrown();
    if (isOver) await hints.send({ job, ...done });
    if (isEnough) return EXIT_CODE.abort;
    if (outcome.open > 0) return EXIT_CODE.stopped;
    given = isOver ? { pod: null } : await more(done);
  }
  if (hints.silent !== null) printLog('warn', outOfReach(hints.silent));
  return hasFailed ? EXIT_CODE.failed : 0;
}

/** Runs what the controller gives to a pod that is of no step. */
async function runWarm(
  warm: string,
  { catalog, sums, note }: { catalog: FunctionCatalog; sums: Record<string, string>; note: TerminationFile },
): Promise<number> {
  const { store, host, signal } = await ground(catalog, sums);
  const runId = setting('KT_RUN');
  return serveWarmPod({
    runId,
    who: { warm, index: Number(setting('JOB_COMPLETION_INDEX')), uid: setting('KT_POD_UID') },
    host: { ...host, signal, within: withinLog },
    hints: new HintClient(store, runId),
    note,
    watch: ({ timeoutMs, ...at }) => hardTimeout({ timeoutMs, at }),
    isGrown,
  });
}

/** What all pods stand on. @throws KtError where the code is not that of the run, or there is no store. */
async function ground(
  catalog: FunctionCatalog,
  sums: Record<string, string>,
): Promise<{ store: FileStore; host: LocalHost; signal: AbortSignal }> {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort(new Error('The pod is being stopped.')));
  const { digest } = catalog;
  verifyFiles(fileURLToPath(new URL('.', import.meta.url)), { digest, sums }, setting('KT_DIGEST'));
  const store = await openStore(setting('KT_STORE'), { isTried: true });
  const host = { ...localHost({ store, clock: systemClock, catalog }), podName: process.env['KT_POD_NAME'] };
  return { store, host, signal: stop.signal };
}

/** Runs one item again for somebody who looks at it, under a debugger or not. */
async function replay(item: number, catalog: FunctionCatalog, sums: Record<string, string>): Promise<number> {
  const [runId, job] = [setting('KT_RUN'), setting('KT_JOB')];
  const { host: local, signal } = await ground(catalog, sums);
  const host: PodHost = {
    ...local,
    ...pacing(1),
    signal,
    returned: () => undefined,
    draining: () => false,
    emit: () => undefined,
    echo: printLine,
    within: withinLog,
  };
  const outcome = await replayItem({ runId, job, item }, host);
  const of = `Item ${item} of step "${job}"`;
  if (outcome.ok) printLog('info', `${of} returned its result.`, { result: outcome.value });
  else printLog('error', `${of} failed: ${outcome.cause.message}`);
  return outcome.ok ? 0 : EXIT_CODE.failed;
}

/**
 * Whether Kubernetes has begun no other pod for this index, as it says on the pod: "0" failures, none that
 * it ignored. Where it says nothing, it is not known.
 */
function isFirst(): boolean {
  const { KT_INDEX_FAILURES: failures, KT_INDEX_IGNORED: ignored = '' } = process.env;
  return failures === '0' && ['', '0'].includes(ignored);
}

/** Whether what earlier items have left behind leaves little room for others. */
function isGrown(): boolean {
  const limit = process.constrainedMemory();
  return limit > 0 && residentBytes('self', 'RssAnon') > GROWN * limit;
}

/** Threads take longer to load than most of this does. */
async function hardTimeout(given: { timeoutMs: number; at?: object }): Promise<HardTimeout> {
  const { HardTimeout } = await import('../process/hard-timeout.js');
  return new HardTimeout({ ...given, path: notePath(), format: TERMINATION_NOTE.latest });
}
