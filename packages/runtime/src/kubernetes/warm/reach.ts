/** Whether pods that take one thing to do after another can ask for it. Pure. */

/** How a step stands. */
interface Reaching {
  readonly tally: { readonly closedPods: number };
  readonly waves: readonly { readonly unassigned: number; readonly succeeded: number }[];
}

/** A pod that has stored what it did asks for more at once, and again each second. */
const HEARD_WITHIN_MS = 3000;

/** Whether the pods of a step reach this controller. */
export class Reach {
  /** One has. */
  isHeard = false;
  /** Pods that were done before its last Job was made. */
  #doneBefore = 0;
  /** Since when one has been heard of in the store alone. */
  #unheardSinceMs: number | undefined;
  #isOut = false;

  /** A Job of it is to be made. */
  begin({ tally }: Pick<Reaching, 'tally'>): void {
    this.#doneBefore = tally.closedPods;
  }

  /** Pods have done what they had, or have ended, and none has ever asked for more. */
  isOut({ tally, waves }: Reaching, nowMs: number): boolean {
    const giving = waves.filter(({ unassigned }) => unassigned > 0);
    if (giving.length > 0 && tally.closedPods > this.#doneBefore) this.#unheardSinceMs ??= nowMs;
    const isLate = nowMs - (this.#unheardSinceMs ?? nowMs) >= HEARD_WITHIN_MS;
    this.#isOut ||= isLate || giving.some(({ succeeded }) => succeeded > 0);
    return this.#isOut && !this.isHeard;
  }
}

/** Whether no pod of a run has ever reached this controller, and some should have. */
export const isOutOfReach = (all: readonly (Reaching & { reach: Reach })[], nowMs: number): boolean =>
  all.some(one => one.reach.isOut(one, nowMs)) && !all.some(({ reach }) => reach.isHeard);
