/** The lines of a container's log after a place. */
import { cutLinesOf } from '@kube-transform/runtime/internal';
import { type KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import type { ContainerPlace } from '../jobs/job-logs.js';
import { isAfter, type LogPlace, LogPlaces, type PlacedLine, sinceOf } from './log-places.js';

/** Reads logs. */
export type LogApi = Pick<KubeApi, 'namespace' | 'stream'>;

/** What is read. */
export interface LogReading {
  api: LogApi;
  of: ContainerPlace;
  /** What was read before. */
  after: LogPlace | null;
  /** Whether the times in the log never go back: only then can what was read before be left out by them. */
  isInOrder: boolean;
  /** Goes on with what is written. */
  follow: boolean;
  /** Nothing is written any more: a last line without an end is one. */
  isWhole: boolean;
  signal: AbortSignal;
}

const ANSWER_WITHIN_MS = 30_000;

/** Reads; `disordered` is called where times go back. Rejects with KubeError. */
export async function* readLog(
  { api, of: { pod, container }, after, isInOrder, follow, isWhole, signal }: LogReading,
  disordered: () => void,
): AsyncGenerator<PlacedLine, void> {
  const sinceTime = after === null || !isInOrder ? undefined : sinceOf(after);
  const query = { container, follow, timestamps: true, sinceTime };
  const places = new LogPlaces();
  const chunks = api.stream(paths.podLog(api.namespace, pod), {
    query,
    signal,
    ...(follow ? {} : { answerWithinMs: ANSWER_WITHIN_MS }),
  });
  const read = { isOver: false };
  const toTheEnd = async function* (): AsyncGenerator<Uint8Array, void> {
    yield* chunks;
    read.isOver = true;
  };
  for await (const logged of cutLinesOf(toTheEnd())) {
    // What has no line break yet comes whole when it is read again.
    if (read.isOver && !isWhole) return;
    const line = places.placed(logged);
    if (!places.isInOrder) disordered();
    if (logged !== '' && isAfter(line, after)) yield line;
  }
}
