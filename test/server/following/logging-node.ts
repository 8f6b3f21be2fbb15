/** A node that keeps the log of one container, as the API server passes it on. */
import type { KubeApi } from '@kube-transform/runtime/kubernetes';

interface Reader {
  follow: boolean;
  /** How many lines it has been given. */
  at: number;
  since: number;
  state: 'open' | 'cut' | 'ended';
  signal: AbortSignal | undefined;
  wake: () => void;
}

/** Gives what was logged since a second, in pieces that heed no lines, and goes on with what is. */
export class LoggingNode implements Pick<KubeApi, 'namespace' | 'stream'> {
  readonly namespace = 'jobs';
  /** Streams that were opened to follow the log, and other readings of it. */
  followed = 0;
  read = 0;
  readonly #lines: { atMs: number; text: string }[] = [];
  /** Lines that the node has thrown away. */
  #rotated = 0;
  readonly #readers = new Set<Reader>();
  readonly #pieces: number;
  #isOver = false;

  /** @param pieces bytes of a piece. */
  constructor(pieces = 7) {
    this.#pieces = pieces;
  }

  /** Streams that follow now. */
  get following(): number {
    return [...this.#readers].filter(
      ({ follow, state, signal }) => follow && state === 'open' && signal?.aborted !== true,
    ).length;
  }

  log(text: string, atMs: number): void {
    this.#lines.push({ atMs, text });
    this.#wakeAll();
  }

  /** Throws away all lines but the last. */
  rotate(kept: number): void {
    this.#rotated = Math.max(this.#rotated, this.#lines.length - kept);
  }

  /** The container ends: nothing is logged any more. */
  finish(): void {
    this.#isOver = true;
    this.end('ended');
  }

  /** Breaks all that is read, or ends it as if the log were over. */
  end(state: 'cut' | 'ended'): void {
    for (const reader of this.#readers) reader.state = state;
    this.#wakeAll();
  }

  async *stream(
    _path: string,
    { query, signal }: Parameters<KubeApi['stream']>[1] = {},
  ): AsyncGenerator<Uint8Array, void> {
    const follow = query?.['follow'] === true;
    const sinceTime = query?.['sinceTime'];
    const since = typeof sinceTime === 'string' ? Date.parse(sinceTime) : Number.NEGATIVE_INFINITY;
    const reader: Reader = { follow, at: this.#rotated, since, state: 'open', signal, wake: () => undefined };
    if (follow) this.followed++;
    else this.read++;
    this.#readers.add(reader);
    const left = (): void => reader.wake();
    signal?.addEventListener('abort', left);
    try {
      for (;;) {
        await new Promise(resolve => setImmediate(resolve));
        signal?.throwIfAborted();
        const bytes = this.#bytesFor(reader);
        // A stream that is cut may have passed on half a line.
        const given = reader.state === 'cut' ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
        for (let at = 0; at < given.length; at += this.#pieces) yield given.subarray(at, at + this.#pieces);
        if (reader.state === 'cut') throw new Error('cut');
        if (reader.state === 'ended' || this.#isOver || !follow) return;
        if (reader.at === this.#lines.length) await new Promise<void>(resolve => (reader.wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', left);
      this.#readers.delete(reader);
    }
  }

  #bytesFor(reader: Reader): Buffer {
    const lines = this.#lines.slice(reader.at).filter(({ atMs }) => atMs >= reader.since);
    reader.at = this.#lines.length;
    // Nine digits, as a kubelet writes them.
    const stamp = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000000Z');
    return Buffer.from(lines.map(({ atMs, text }) => `${stamp(atMs)} ${text}\n`).join(''));
  }

  #wakeAll(): void {
    for (const { wake } of this.#readers) wake();
  }
}
