/*
 * The files that an item makes and reads: whether it has anything to do, and whether it did it.
 *
 * FO1 Of a forced step only files count that are newer than the record of its run, by the times that the
 *     store has of both: what this run made is not made again.
 */
import { type FailureCause, isKtError, type Json, type KTJob } from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';
import type { JobOrder } from '../ports/index.js';
import { specKey } from '../run-store/layout.js';
import { compileTemplate, type ItemValue, type Miss, missCause, resultsByJob } from './resolve-arguments.js';
import type { PodHost } from './pod-host.js';

/** The paths of an item's outputs, and whether they are all there and newer than what it reads. */
export interface Targets {
  paths: Json[];
  isMade: boolean;
}

/** Looks at the files of the items of one step. */
export class ItemTargets {
  readonly #job: KTJob;
  readonly #runId: string;
  readonly #isForced: boolean;
  readonly #known: ReadonlySet<string>;
  readonly #host: Pick<PodHost, 'store' | 'files' | 'resultCache'>;
  #begun: Promise<number> | undefined;

  constructor(
    { runId, job, isForced = false }: Pick<JobOrder, 'runId' | 'job'> & { isForced?: boolean | undefined },
    host: Pick<PodHost, 'store' | 'files' | 'resultCache'>,
  ) {
    this.#job = job;
    this.#runId = runId;
    this.#isForced = isForced;
    this.#known = new Set(job.dependencies);
    this.#host = host;
  }

  /** Looks before an item runs; a cause where a path is none. */
  async look(item: ItemValue): Promise<Targets | FailureCause> {
    const outputs = await this.#paths('outputs', item);
    if (!Array.isArray(outputs)) return outputs;
    const inputs = await this.#paths('inputs', item);
    if (!Array.isArray(inputs)) return inputs;
    const made = await this.#timesOf('outputs', { paths: outputs, item: item.index });
    if (!Array.isArray(made)) return made;
    const afterMs = this.#isForced ? await (this.#begun ??= this.#begunMs()) : Number.NEGATIVE_INFINITY;
    const isThere = outputs.length > 0 && made.every(ms => ms !== null && ms > afterMs);
    if (inputs.length === 0) return { paths: outputs, isMade: isThere };
    const read = await this.#timesOf('inputs', { paths: inputs, item: item.index });
    if (!Array.isArray(read)) return read;
    const oldest = made.reduce<number>((least, ms) => Math.min(least, ms ?? 0), Number.POSITIVE_INFINITY);
    return { paths: outputs, isMade: isThere && read.every(ms => ms === null || ms <= oldest) };
  }

  /** The paths of what an item makes; a cause where that cannot be told. */
  outputs(item: ItemValue): Promise<Json[] | FailureCause> {
    return this.#paths('outputs', item);
  }

  /** Looks when an item has ended well; a cause where it has not made what it is to make. */
  async check(paths: Json[], item: number): Promise<FailureCause | null> {
    const made = await this.#timesOf('outputs', { paths, item });
    if (!Array.isArray(made)) return made;
    const missing = made.indexOf(null);
    if (missing === -1) return null;
    const message = `Step "${this.#job.name}", item ${item}: it ended well, but has not made "${textOf(paths[missing])}", which its "outputs" name.`;
    return { kind: 'InvalidResult', message, path: `outputs[${missing}]` };
  }

  /** When the record of the run was written, by the clock of the store. */
  async #begunMs(): Promise<number> {
    const record = await this.#host.store.head(specKey(this.#runId));
    return record?.modifiedMs ?? Number.POSITIVE_INFINITY;
  }

  async #paths(field: 'outputs' | 'inputs', item: ItemValue): Promise<Json[] | FailureCause> {
    const { name } = this.#job;
    if (this.#job[field].length === 0) return [];
    const template = compileTemplate(this.#job[field], this.#known);
    const scope = { store: this.#host.store, runId: this.#runId, cache: this.#host.resultCache };
    const misses: Miss[] = [];
    const paths = template.fill(await resultsByJob(template.sources, scope), item, misses) as Json[];
    return misses.length === 0 ? paths : missCause(misses, { job: name, item: item.index, field });
  }

  /** When files were changed last, in ms since 1970; 0 for directories, null where there is none. */
  async #timesOf(
    field: 'outputs' | 'inputs',
    { paths, item }: { paths: Json[]; item: number },
  ): Promise<(number | null)[] | FailureCause> {
    const { files } = this.#host;
    try {
      return await Promise.all(
        paths.map(path =>
          files.stat(path as string).then(
            ({ modifiedMs }) => modifiedMs,
            (error: unknown) => {
              if (isKtError(error) && error.code === 'NOT_FOUND') return null;
              throw error;
            },
          ),
        ),
      );
    } catch (error) {
      if (!isKtError(error) || error.code !== 'BAD_PATH') throw error;
      const which = field === 'outputs' ? 'an output' : 'an input';
      const message = `Step "${this.#job.name}", item ${item}: ${which} is no path (BAD_PATH). ${error.message}`;
      return { kind: 'InvalidInput', message, problems: [...error.problems] };
    }
  }
}

const textOf = (path: Json | undefined): string => (typeof path === 'string' ? path : shown(path, 80));
