/** Why a step or an item failed, as a value, and whether another attempt can help. */
import type { Problem } from './errors.js';

/**
 * Why a step or an item failed: a union with only the data that belongs to each kind.
 *
 * - `Threw`: the function threw; `permanent` where it was a PermanentError.
 * - `Exited`, `OutOfMemory`: its process ended, or ended at its memory limit; `permanent` where the exit code
 *   of a container means that.
 * - `DeadlineExceeded`: an attempt took longer than the step's `timeout`.
 * - `Evicted`: the cluster took its pod away; this costs no attempt.
 * - `Lost`: its pods were taken away again and again, or could not store what they did.
 * - `NotStarted`: no pod or worker process came up, for the `reason` given.
 * - `InvalidInput`, `InvalidResult`, `InvalidSpawn`: what the function was given or returned is wrong.
 * - `UnknownFunction`: no module offers the function.
 * - `ItemsFailed`: more of the step's items failed than `maxFailed` allows; `first` tells why one did.
 * - `Cancelled`: somebody stopped the run.
 *
 * @example
 * ```ts
 * const cause: FailureCause = { kind: 'DeadlineExceeded', message: 'Took over 5 m.', timeoutMs: 300_000 };
 * ```
 */
export type FailureCause =
  | { kind: 'Threw'; message: string; name: string; stack?: string; permanent?: boolean }
  | {
      kind: 'Exited';
      message: string;
      exitCode: number | null;
      signal: string | null;
      permanent?: boolean;
    }
  | { kind: 'OutOfMemory'; message: string; memory: string }
  | { kind: 'DeadlineExceeded'; message: string; timeoutMs: number }
  | { kind: 'Evicted'; message: string }
  | { kind: 'NotStarted'; message: string; reason: string }
  | { kind: 'InvalidInput'; message: string; problems: Problem[] }
  | { kind: 'InvalidSpawn'; message: string; problems: Problem[] }
  | { kind: 'InvalidResult'; message: string; path: string }
  | { kind: 'UnknownFunction'; message: string; function: string }
  | {
      kind: 'ItemsFailed';
      message: string;
      failed: number;
      total: number;
      first: FailureCause;
      firstItem: number;
    }
  | { kind: 'Cancelled'; message: string }
  | { kind: 'Lost'; message: string };

/**
 * Whether another attempt can help, by kind of cause: the one table that every executor follows.
 *
 * @example
 * ```ts
 * RETRIED.OutOfMemory; // → true
 * RETRIED.InvalidInput; // → false
 * ```
 */
export const RETRIED: Record<FailureCause['kind'], boolean> = {
  Threw: true,
  Exited: true,
  OutOfMemory: true,
  DeadlineExceeded: true,
  Evicted: true,
  NotStarted: false,
  InvalidInput: false,
  InvalidSpawn: false,
  InvalidResult: false,
  UnknownFunction: false,
  ItemsFailed: false,
  Cancelled: false,
  Lost: true,
};
