/** The items of a container step: what each runs, and what its end comes to. The same wherever they run. */
import { type FailureCause, type Json, type KTContainer } from '@kube-transform/sdk';
import { cachedResult, cacheHash, keepResult, outputsHash } from '../run-store/result-cache.js';
import { endedHow } from '../parse/exit-signal.js';
import { shown } from '../parse/stored-value.js';
import { parseText } from '../parse/parse-json.js';
import { json } from '../parse/shapes.js';
import type { ContainerCall, ContainerEnd } from '../ports/containers.js';
import type { JobOrder } from '../ports/index.js';
import type { ItemLine } from '../run-store/job-manifest.js';
import { MAX_LINE } from '../streams/lines.js';
import { callOf } from './container-call.js';
import { ItemTargets } from './item-targets.js';
import type { AttemptOutcome, PodHost } from './pod-host.js';
import { compileTemplate, type Miss, missCause, resultsByJob, type Template } from './resolve-arguments.js';

/** What Kubernetes keeps of a file that a container leaves. */
const MAX_FILE = 4096;
/** Characters shown of what a container said last. */
const MAX_SAID = 500;

/** What an item is to run; or what came of it without. */
export type PreparedItem =
  | { type: 'run'; item: number; call: ContainerCall; outputs: Json[]; resultKey: Json }
  | { type: 'ended'; outcome: AttemptOutcome };

/** The items of one step. */
export class ContainerItems {
  readonly #step: JobOrder;
  readonly #container: KTContainer;
  readonly #host: Pick<PodHost, 'store' | 'files' | 'resultCache'>;
  readonly #template: Template;
  readonly #targets: ItemTargets;

  constructor(step: JobOrder, host: Pick<PodHost, 'store' | 'files' | 'resultCache'>) {
    if (step.job.container === null) throw new TypeError(`Bug: step "${step.job.name}" runs no container`);
    this.#step = step;
    this.#container = step.job.container;
    this.#host = host;
    this.#template = compileTemplate(this.#container as unknown as Json, new Set(step.job.dependencies));
    this.#targets = new ItemTargets(step, host);
  }

  /** What an item runs, with its refs filled in; a cause where that cannot be. */
  async callOf(item: number, line: ItemLine): Promise<ContainerCall | FailureCause> {
    const filled = await this.#fill(item, line);
    return 'kind' in filled ? filled : filled.call;
  }

  /** What an item is to run, unless it is done already or cannot run. */
  async prepare(item: number, line: ItemLine): Promise<PreparedItem> {
    const { job } = this.#step;
    // First: of what is made, nobody may have run what it was made of.
    const targets = await this.#targets.look(valueOf(item, line));
    if ('kind' in targets) return failed(targets);
    if (targets.isMade) return { type: 'ended', outcome: await this.#kept(targets.paths) };
    const filled = await this.#fill(item, line);
    if ('kind' in filled) return failed(filled);
    const { call, resultKey } = filled;
    if (job.cache && targets.paths.length === 0 && this.#step.isForced !== true) {
      const hash = await cacheHash('container', job.name, asJson(call));
      const kept = await cachedResult(this.#host.store, hash);
      if (kept !== undefined)
        return { type: 'ended', outcome: { ok: true, value: kept.value, skipped: true } };
    }
    return { type: 'run', item, call, outputs: targets.paths, resultKey };
  }

  /** What an item ran that was begun before: whether it had anything to do is not asked again. */
  async prepareAgain(item: number, line: ItemLine): Promise<PreparedItem> {
    const filled = await this.#fill(item, line);
    if ('kind' in filled) return failed(filled);
    const outputs = await this.#targets.outputs(valueOf(item, line));
    if ('kind' in outputs) return failed(outputs);
    return { type: 'run', item, ...filled, outputs };
  }

  /** What the end of its container comes to, for an item that was to run. */
  async finish(prepared: Extract<PreparedItem, { type: 'run' }>, end: ContainerEnd): Promise<AttemptOutcome> {
    const { job } = this.#step;
    const { skip } = this.#container.exitCodes;
    if (skip.includes(end.exitCode)) return { ok: true, value: null, skipped: true };
    if (end.exitCode !== 0) return { ok: false, cause: exitCause(this.#container, end) };
    const missing = await this.#targets.check(prepared.outputs, prepared.item);
    if (missing !== null) return { ok: false, cause: missing };
    const outcome = await this.#result(prepared, end);
    if (!outcome.ok) return outcome;
    const { store } = this.#host;
    const kept = { value: outcome.value, replace: true };
    if (prepared.outputs.length > 0)
      await keepResult(store, await outputsHash(keptAs(job.name), prepared.outputs), kept);
    if (job.cache)
      await keepResult(store, await cacheHash('container', job.name, asJson(prepared.call)), kept);
    return outcome;
  }

  /** An item's container with its refs filled in. */
  async #fill(
    item: number,
    line: ItemLine,
  ): Promise<{ call: ContainerCall; resultKey: Json } | FailureCause> {
    const { runId, job } = this.#step;
    const scope = { store: this.#host.store, runId, cache: this.#host.resultCache };
    const misses: Miss[] = [];
    const results = await resultsByJob(this.#template.sources, scope);
    const filled = this.#template.fill(results, valueOf(item, line), misses) as unknown as KTContainer;
    if (misses.length > 0) return missCause(misses, { job: job.name, item, field: 'container' });
    const call = callOf(filled, { job: job.name, item });
    return 'kind' in call ? call : { call, resultKey: keyOf(filled) };
  }

  /** What comes of an item whose files are there: its result, where one was kept. */
  async #kept(paths: Json[]): Promise<AttemptOutcome> {
    const kept = await cachedResult(this.#host.store, await outputsHash(keptAs(this.#step.job.name), paths));
    return { ok: true, value: kept?.value ?? null, skipped: true, unkept: kept === undefined || undefined };
  }

  async #result(
    { item, resultKey }: { item: number; resultKey: Json },
    { lastLines, file }: ContainerEnd,
  ): Promise<AttemptOutcome> {
    const lastLine = lastLines.at(-1) ?? '';
    const { result } = this.#container;
    if (result === 'none') return { ok: true, value: null };
    const where = `Step "${this.#step.job.name}", item ${item}`;
    const wrong = (message: string): AttemptOutcome => ({
      ok: false,
      cause: { kind: 'InvalidResult', message: `${where}: ${message}`, path: '$' },
    });
    if (typeof result === 'string' && lastLine.length > MAX_LINE)
      return wrong(`the last line that it printed has more than ${MAX_LINE} characters; leave it in a file.`);
    if (result === 'text') return { ok: true, value: lastLine.trim() };
    if (result === 'json')
      return lastLine.trim() === ''
        ? wrong('it printed nothing, and the last line is to be its result as JSON.')
        : readJson(lastLine, why => wrong(`the last line that it printed is no JSON: ${why}`));
    if ('file' in result) {
      if (file === null || file === '') return wrong(`it has not written its result to ${result.file}.`);
      if (new TextEncoder().encode(file).length >= MAX_FILE)
        return wrong(`${result.file} has 4,096 bytes or more; write larger results to the file store.`);
      return readJson(file, why => wrong(`what it wrote to ${result.file} is no JSON: ${why}`));
    }
    const key = typeof resultKey === 'string' ? resultKey : '';
    if (!(await this.#host.files.isfile(key))) return wrong(`it has not left its result at "${key}".`);
    return readJson(await this.#host.files.readText(key), why => wrong(`"${key}" is no JSON: ${why}`));
  }
}

const failed = (cause: FailureCause): PreparedItem => ({ type: 'ended', outcome: { ok: false, cause } });

/** The element of an item; a step without items has one, which is nothing. */
const valueOf = (index: number, line: ItemLine): { value: Json; index: number } => ({
  value: 'e' in line ? line.e : null,
  index,
});

/** Where in the file store a container leaves its result. */
const keyOf = ({ result }: KTContainer): Json =>
  typeof result === 'object' && 'key' in result ? result.key : null;

/** Results are kept under it, apart from those of functions. */
const keptAs = (job: string): string => `container ${job}`;
const asJson = (call: ContainerCall): Json => ({ ...call });

function readJson(text: string, wrong: (why: string) => AttemptOutcome): AttemptOutcome {
  try {
    return {
      ok: true,
      value: parseText(json, text.trim(), { name: 'result', file: '', code: 'BAD_RESULT', hint: '' }),
    };
  } catch {
    return wrong(shown(text.trim(), 120));
  }
}

/** Why it failed, by its exit code. */
export function exitCause(
  { exitCodes }: KTContainer,
  { exitCode, signal, lastLines }: ContainerEnd,
): FailureCause {
  // Those of the two streams may have changed places.
  const said = lastLines.map(line => line.trim()).join(' | ');
  const words = said === '' ? '' : ` It said: ${said.slice(0, MAX_SAID)}`;
  const message = `The container ended ${endedHow(exitCode, signal)}.${words}`;
  const permanent = exitCodes.final.includes(exitCode) ? { permanent: true } : {};
  return { kind: 'Exited', message, exitCode, signal, ...permanent };
}
