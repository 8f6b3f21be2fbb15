/** Where runs are: what is known of a run that was found, wherever it is. */
import type { RunRecord } from '@kube-transform/runtime';

/** The name of the store here. */
export const HERE = 'here';

/** A run that was found. */
export interface RunRef {
  readonly runId: string;
  /** Where it is: `here`, or `CONTEXT/NAMESPACE` of a cluster. */
  readonly where: string;
  /** The command that begins and resumes runs there, for hints. */
  readonly verb: 'kt run' | 'kt submit';
  /** What its functions were made from; null where that is not known. */
  readonly source: RunRecord['source'];
}
