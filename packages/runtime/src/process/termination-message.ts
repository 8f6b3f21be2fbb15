/*
 * The termination message of a pod, for when its process ends without a word: Kubernetes keeps the text of
 * the message file.
 *
 * - The file always names the items that have begun and not returned: it is rewritten in place,
 *   synchronously, before each begins.
 * - The text never grows past what Kubernetes keeps (4096 bytes): many items become ranges, more than fit
 *   are left out.
 */
import { Format } from '../parse/format.js';
import { count, list, optional, orElse, record, text } from '../parse/shapes.js';
import type { TerminationNote } from '../ports/index.js';

// Its exports as a module load all streams: a worker's start is not slowed.
const { closeSync, openSync, writeSync } = process.getBuiltinModule('node:fs');

const MAX_BYTES = 4000;

/** The text of the file. What is none of this format is what somebody else has written there. */
export const TERMINATION_NOTE = new Format<TerminationNote>({
  name: 'termination message',
  code: 'BAD_NOTE',
  hint: 'It is read as words.',
  shape: record<TerminationNote>({
    begun: orElse(list(count), []),
    deadline: optional(count),
    message: optional(text),
    last: optional(count),
    pod: optional(count),
    job: optional(text),
  }),
});

/** Keeps the note; where the file cannot be opened (outside a pod), it keeps nothing. */
export class TerminationFile {
  readonly #fd: number | null;
  readonly #begun = new Set<number>();
  #at: Pick<TerminationNote, 'pod' | 'job'> = {};
  #length = 0;

  constructor(path: string) {
    this.#fd = open(path);
  }

  /** From now on it is at this. */
  take(at: { pod: number; job?: string }): void {
    this.#at = at;
    this.#write({ begun: [...this.#begun] });
  }

  begin(item: number): void {
    this.#begun.add(item);
    this.#write({ begun: [...this.#begun] });
  }

  end(item: number): void {
    if (this.#begun.delete(item)) this.#write({ begun: [...this.#begun] });
  }

  /** The last words of a process that ends by itself. */
  say(message: string): void {
    this.#write({ begun: [...this.#begun], message: message.slice(0, 2000) });
  }

  /** All results are stored, the last in this segment. */
  stored(last: number): void {
    this.#write({ begun: [...this.#begun], last });
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }

  #write(note: TerminationNote): void {
    if (this.#fd === null) return;
    Object.assign(note, this.#at);
    let body = TERMINATION_NOTE.text(note);
    while (body.length > MAX_BYTES)
      body = TERMINATION_NOTE.text({
        ...note,
        begun: (note.begun = note.begun.slice(0, note.begun.length / 2)),
      });
    writeSync(this.#fd, body.padEnd(this.#length), 0);
    this.#length = Math.max(this.#length, body.length);
  }
}

function open(path: string): number | null {
  try {
    return openSync(path, 'r+');
  } catch {
    return null;
  }
}
