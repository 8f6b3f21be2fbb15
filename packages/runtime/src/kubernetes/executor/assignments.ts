/** Gives pods of a step what is left of it, and tells them and warm pods what spares them requests. */
import { itemBlocks } from '../run/item-blocks.js';
import type { Assignment, AssignmentRequest, FileStore } from '../../ports/index.js';
import type { manifestReader } from '../../run-store/job-manifest.js';
import type { Lease } from '../warm/warm-pool.js';
import type { JobExecution } from './job-execution.js';

/** What pods are given. */
export class Assignments {
  readonly #manifests: ReturnType<typeof manifestReader>;
  readonly #items: ReturnType<typeof itemBlocks>;

  constructor(store: FileStore, manifests: ReturnType<typeof manifestReader>) {
    this.#manifests = manifests;
    this.#items = itemBlocks(store);
  }

  /** What a pod of a step does next. */
  async next(
    execution: JobExecution,
    { wave: number, index, done, begins }: AssignmentRequest,
    nowMs: number,
  ): Promise<Assignment | null> {
    const wave = execution.waves.find(one => one.number === number);
    if (wave === undefined || execution.isStopped) return begins === undefined ? { pod: null } : null;
    // What it has done may not have been read yet.
    const isOpen = (pod: number): boolean => pod !== done?.pod && execution.tally.isOpen(pod);
    const pod = begins === undefined ? wave.assign(index, isOpen, nowMs) : wave.begin(index, isOpen, nowMs);
    if (pod === null) return { pod };
    return this.#told(execution, pod, { isNew: begins !== 'again', isStep: begins !== undefined });
  }

  /** What a warm pod is told of what it has. */
  async ofWarm(execution: JobExecution, { pod }: Lease, isAgain: boolean): Promise<Assignment> {
    const told = await this.#told(execution, pod, { isNew: !isAgain, isStep: true });
    return { ...told, job: execution.name };
  }

  async #told(
    execution: JobExecution,
    pod: number,
    about: { isNew: boolean; isStep: boolean },
  ): Promise<Assignment> {
    const isNew = about.isNew && execution.isNew(pod);
    execution.setGiven(pod);
    const manifest = await this.#manifests(execution.order.runId, execution.name).catch(() => null);
    const items = manifest === null ? null : await this.#items(manifest, pod);
    return {
      pod,
      ...(about.isStep && execution.isTold ? { step: execution.order } : {}),
      ...(items === null ? {} : { items }),
      ...(isNew ? { isNew } : {}),
    };
  }
}
