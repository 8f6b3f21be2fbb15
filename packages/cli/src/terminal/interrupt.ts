/** Ctrl-C, and what it ends. */

/** A run that this process drives, which its process may not simply end. */
export interface Driving {
  /** Nothing goes on in the process any more: what runs will never end. */
  ranDry(): void;
  /** The process ends now: what is lost, and how to go on, as a sentence. */
  ended(): string;
}

/** What tells of signals: the process, or a stand-in for it. */
export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  /** Says that a run is driven, until what it gives back is called. Default: nobody needs to know. */
  during?(driving: Driving): () => void;
}

/** Calls a listener at each Ctrl-C, until what it gives back is called. */
export function onInterrupt(signals: Signals, listener: () => void): () => void {
  signals.on('SIGINT', listener);
  signals.on('SIGTERM', listener);
  return () => {
    signals.off('SIGINT', listener);
    signals.off('SIGTERM', listener);
  };
}

/** Does something that Ctrl-C ends; `left` tells that it has, whatever it was at. */
export async function untilInterrupted<T>(
  signals: Signals,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ left: false; result: T } | { left: true; result?: T }> {
  const leaving = new AbortController();
  const dispose = onInterrupt(signals, () => leaving.abort());
  try {
    const result = await work(leaving.signal);
    return { left: leaving.signal.aborted, result };
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    return { left: true };
  } finally {
    dispose();
  }
}
