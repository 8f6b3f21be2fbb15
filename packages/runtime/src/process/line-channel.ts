/*
 * A channel between two processes of ours: a text a line, over a descriptor that both hold.
 *
 * LC1 A line is heard only where it begins with the word that the channel's opener made up and told the other
 *     end in its first line: what anybody else writes into the descriptor is passed over.
 * - It is not the channel of `node:child_process`: functions have no `process.send`, and what they would say
 *   there, or that they hang up, is no business of ours.
 * LC2 A process that was begun to do something reads what that is at once, and begins; it becomes a socket,
 *     whose modules take milliseconds to load, only a moment later. Until then it writes and waits.
 */
import type { Socket } from 'node:net';

const CHUNK_BYTES = 65_536;
const LINE_FEED = 10;
/** How long what was asked for first goes on alone. */
const ALONE_MS = 20;

/** One end of a channel. */
export class LineChannel {
  readonly #end: Socket | number;
  readonly #decoder = new TextDecoder();
  #stream: Socket | undefined;
  #onText: (text: string) => void = () => undefined;
  #onClose: () => void = () => undefined;
  #isNeeded = true;
  #isAsked = false;
  #word: string | undefined;
  #rest = '';

  private constructor(end: Socket | number, word?: string) {
    this.#end = end;
    this.#word = word;
  }

  /** The end of the process that begins the other; a channel that nobody hears where there is no other. */
  static open(to: Socket | undefined, onText: (text: string) => void): LineChannel {
    const word = crypto.randomUUID();
    const stream = to ?? new (process.getBuiltinModule('node:net').Socket)().destroy();
    stream.write(`${word}\n`);
    const channel = new LineChannel(stream, word);
    channel.listen(onText);
    return channel;
  }

  /** The end of a process that was begun with the channel, or was called; it hears nothing yet. */
  static join(end: Socket | number): LineChannel {
    return new LineChannel(end);
  }

  /** Hears, from now on. */
  listen(onText: (text: string) => void): void {
    this.#onText = onText;
    if (typeof this.#end === 'number') for (const bytes of firstLines(this.#end)) this.#take(bytes);
    if (this.#isAsked) setTimeout(() => this.#socket(), ALONE_MS);
    else this.#socket();
  }

  /** Says something; where nobody is there any more it is lost. */
  send(text: string): void {
    if (this.#word === undefined) return;
    const line = `${this.#word}${text}\n`;
    if (this.#stream === undefined && typeof this.#end === 'number') writeWhole(this.#end, line);
    else if (this.#socket().writable) this.#socket().write(line);
  }

  /** Tells when the other end is gone, or this one closed. */
  onClose(listener: () => void | Promise<void>): void {
    this.#onClose = () => void listener();
  }

  /** Whether waiting for the other end keeps this process alive. At first it does. */
  keepAlive(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    if (isNeeded) this.#socket().ref();
    else this.#stream?.unref();
  }

  close(): void {
    this.#socket().destroy();
  }

  #socket(): Socket {
    if (this.#stream !== undefined) return this.#stream;
    const end = this.#end;
    const stream =
      typeof end === 'number'
        ? new (process.getBuiltinModule('node:net').Socket)({ fd: end, readable: true, writable: true })
        : end;
    this.#stream = stream;
    stream.on('data', (bytes: Uint8Array) => this.#take(bytes));
    // Of an end that is gone 'close' tells.
    stream.on('error', () => undefined);
    stream.once('close', () => this.#onClose());
    if (!this.#isNeeded) stream.unref();
    return stream;
  }

  #take(bytes: Uint8Array): void {
    const chunk = this.#decoder.decode(bytes, { stream: true });
    let at = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', at)) {
      this.#hear(this.#rest + chunk.slice(at, end));
      this.#rest = '';
      at = end + 1;
    }
    this.#rest += chunk.slice(at);
  }

  #hear(line: string): void {
    if (this.#word === undefined) this.#word = line;
    else if (line.startsWith(this.#word)) {
      this.#isAsked = true;
      this.#onText(line.slice(this.#word.length));
    }
  }
}

/** What is there, up to the end of a line; waits for the first. */
function* firstLines(fd: number): Generator<Uint8Array> {
  const { readSync } = process.getBuiltinModule('node:fs');
  const buffer = new Uint8Array(CHUNK_BYTES);
  try {
    let length: number;
    do {
      length = readSync(fd, buffer);
      yield buffer.subarray(0, length);
    } while (length > 0 && buffer[length - 1] !== LINE_FEED);
  } catch {
    // Where reading does not wait, or not any more, the socket tells.
  }
}

function writeWhole(fd: number, text: string): void {
  const { writeSync } = process.getBuiltinModule('node:fs');
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  } catch {
    // Of an end that is gone the socket tells.
  }
}
