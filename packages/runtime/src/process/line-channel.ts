/*
 * A channel between two processes of ours: a text a line, over a descriptor that both hold.
 *
 * LC1 A line is heard only where it begins with the word that the channel's opener made up and told the other
 *     end in its first line: what anybody else writes into the descriptor is passed over.
 * - It is not the channel of `node:child_process`: functions have no `process.send`, and what they would say
 *   there, or that they hang up, is no business of ours.
 */
import type { Socket } from 'node:net';

/** One end of a channel. */
export class LineChannel {
  readonly #stream: Socket;
  readonly #onText: (text: string) => void;
  #word: string | undefined;
  #rest = '';

  private constructor(stream: Socket, word: string | undefined, onText: (text: string) => void) {
    this.#stream = stream;
    this.#word = word;
    this.#onText = onText;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.#take(chunk));
    // Of an end that is gone 'close' tells.
    stream.on('error', () => undefined);
  }

  /** The end of the process that begins the other; a channel that nobody hears where there is no other. */
  static open(to: Socket | undefined, onText: (text: string) => void): LineChannel {
    const word = crypto.randomUUID();
    const stream = to ?? new (process.getBuiltinModule('node:net').Socket)().destroy();
    stream.write(`${word}\n`);
    return new LineChannel(stream, word, onText);
  }

  /** The end of a process that was begun with the channel as a descriptor. */
  static join(fd: number, onText: (text: string) => void): LineChannel {
    const { Socket: Channel } = process.getBuiltinModule('node:net');
    return new LineChannel(new Channel({ fd, readable: true, writable: true }), undefined, onText);
  }

  /** Says something; where nobody is there any more it is lost. */
  send(text: string): void {
    if (this.#stream.writable && this.#word !== undefined) this.#stream.write(`${this.#word}${text}\n`);
  }

  /** Tells when the other end is gone, or this one closed. */
  onClose(listener: () => void | Promise<void>): void {
    this.#stream.once('close', () => void listener());
  }

  /** Whether waiting for the other end keeps this process alive. At first it does. */
  keepAlive(isNeeded: boolean): void {
    if (isNeeded) this.#stream.ref();
    else this.#stream.unref();
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(chunk: string): void {
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
    else if (line.startsWith(this.#word)) this.#onText(line.slice(this.#word.length));
  }
}
