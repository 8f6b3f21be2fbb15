/** What AWS Batch does when an attempt has ended (`evaluateOnExit`), as rules over exit codes. Pure. */
import type { JsonObject } from '@kube-transform/sdk';
import type { BatchCondition } from './batch-shape.js';

/** The first rule that fits says whether another attempt is made; where none fits, one is. */
export interface EndRule {
  isFinal: boolean;
  /** Exit codes; `any`: all there are; `node`: the machine was taken away. */
  on: readonly number[] | 'any' | 'node';
}

const CODES = Array.from({ length: 255 }, (_, i) => i + 1);
/** What AWS says where a spot instance goes. */
const NODE_GONE = 'Host EC2 (instance i-0) terminated.';

/** Rules of conditions; those that nothing here knows of are told. */
export function endRules(
  conditions: readonly BatchCondition[],
  tell: (index: number, why: string) => void,
): EndRule[] {
  const rules: EndRule[] = [];
  for (const [i, { action, onExitCode, onReason, onStatusReason }] of conditions.entries()) {
    const isFinal = /^exit$/i.test(action);
    const [code, reason, status] = [onExitCode, onReason, onStatusReason].map(one =>
      one === '*' ? undefined : one,
    );
    if (code === undefined && reason === undefined && status === undefined) {
      rules.push({ isFinal, on: 'any' });
      break;
    }
    if (code !== undefined && reason === undefined && status === undefined) {
      const on = CODES.filter(one => matches(code, String(one)));
      if (on.length > 0) rules.push({ isFinal, on });
    } else if (code === undefined && reason === undefined && matches(status ?? '', NODE_GONE))
      rules.push({ isFinal, on: 'node' });
    else tell(i, 'reasons of AWS have no counterpart; exit codes alone, and "Host EC2*" alone, have');
  }
  return rules;
}

const matches = (pattern: string, text: string): boolean =>
  pattern.endsWith('*')
    ? text.toLowerCase().startsWith(pattern.slice(0, -1).toLowerCase())
    : text.toLowerCase() === pattern.toLowerCase();

/** Exit codes after which no further attempt is made. */
export const finalCodes = (rules: readonly EndRule[]): number[] =>
  CODES.filter(code => rules.find(({ on }) => on === 'any' || (on !== 'node' && on.includes(code)))?.isFinal);

/** The rules as a Job's `podFailurePolicy`; undefined where its own way is the same. */
export function failurePolicy(rules: readonly EndRule[]): JsonObject | undefined {
  if (!rules.some(({ isFinal }) => isFinal)) return undefined;
  const written = rules.flatMap(({ isFinal, on }): JsonObject[] => {
    const action = isFinal ? 'FailJob' : 'Count';
    if (on === 'node') return [{ action, onPodConditions: [{ type: 'DisruptionTarget' }] }];
    // What comes last is to try again anyway.
    if (on === 'any' && !isFinal) return [];
    const codes = on === 'any' ? { operator: 'NotIn', values: [0] } : { operator: 'In', values: [...on] };
    return [{ action, onExitCodes: { containerName: 'main', ...codes } }];
  });
  return { rules: written };
}
