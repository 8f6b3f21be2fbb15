/** A finding of a check: one line of the report of `kt doctor`. */
import { isKubeError } from '@kube-transform/runtime/kubernetes';

/** What a check found. */
export interface Finding {
  /** What was looked at, in a word. */
  check: string;
  outcome: 'ok' | 'problem' | 'skipped';
  message: string;
  /** What to do. */
  remedy?: string;
}

/** All is well. */
export const fine = (check: string, message: string): Finding => ({ check, outcome: 'ok', message });
/** Runs will fail, and what to do about it. */
export const problem = (check: string, message: string, remedy: string): Finding => ({
  check,
  outcome: 'problem',
  message,
  remedy,
});
/** It cannot be told. */
export const skipped = (check: string, message: string): Finding => ({ check, outcome: 'skipped', message });

/** True where somebody lacks a right; other answers 403 are rules of the namespace. */
export const lacksRight = (error: unknown): boolean =>
  isKubeError(error, 403) && error.code === 'CLUSTER_FORBIDDEN' && !/ is forbidden: /.test(error.message);

/** What a check finds; skipped where the right to look is missing. */
export async function looked(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!lacksRight(error)) throw error;
    return [skipped(check, `This was not checked: ${(error as Error).message}`)];
  }
}
