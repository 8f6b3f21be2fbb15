/** Whether pods that take one thing to do after another can ask for it. Pure. */

/** What is on record of a step: pods that are done, whoever put that there, and results, which pods store. */
interface Done {
  readonly closedPods: number;
  readonly succeeded: number;
}

/** How a step stands. */
interface Reaching {
  readonly tally: Done;
  readonly waves: readonly { readonly unassigned: number; readonly succeeded: number }[];
}

/** A pod that has stored what it did asks for more at once, and again each second. */
const HEARD_WITHIN_MS = 3000;

/** Whether the pods of a step reach this controller. */
export class Reach {
  /** One has. */
  isHeard = false;
  /** Pods had done what they had, or had ended, and none had ever asked for more. */
  isOut = false;
  /** What was done before its last Job was made. */
  #before: Done = { closedPods: 0, succeeded: 0 };
  /** Since when one has been heard of in the store alone. */
  #unheardSinceMs: number | undefined;

  /** A Job of it is to be made. */
  begin({ tally: { closedPods, succeeded } }: Pick<Reaching, 'tally'>): void {
    this.#before = { closedPods, succeeded };
  }

  /** Looks at how the step stands. */
  look({ tally, waves }: Reaching, nowMs: number): void {
    if (this.isHeard || this.isOut) return;
    const giving = waves.filter(({ unassigned }) => unassigned > 0);
    const isDone = tally.closedPods > this.#before.closedPods && tally.succeeded > this.#before.succeeded;
    if (giving.length > 0 && isDone) this.#unheardSinceMs ??= nowMs;
    const isLate = nowMs - (this.#unheardSinceMs ?? nowMs) >= HEARD_WITHIN_MS;
    this.isOut = isLate || giving.some(({ succeeded }) => succeeded > 0);
  }
}

/** Whether no pod of a run has ever reached this controller, and some should have; `all`: its steps. */
export const isOutOfReach = (all: readonly { reach: Reach }[]): boolean =>
  !all.some(({ reach }) => reach.isHeard) && all.some(({ reach }) => reach.isOut);
