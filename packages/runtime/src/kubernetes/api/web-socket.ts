/*
 * Messages over a connection that was upgraded (RFC 6455), as far as an API server speaks it.
 *
 * WS1 Messages are given as they come, whatever pieces they come in; a ping is answered, and who does not
 *     take messages keeps the other side from sending more.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';

const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const FINAL = 0x80;
const MASKED = 0x80;
/** Of one message; what an API server passes on comes in pieces of 32 kB. */
const MAX_BYTES = 2 ** 25;

/** The headers that ask for an upgrade, and what the server is to answer to them. */
export function upgradeHeaders(protocols: readonly string[]): {
  headers: Record<string, string>;
  accept: string;
} {
  const key = randomBytes(16).toString('base64');
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': protocols.join(', '),
  };
  return {
    headers,
    accept: createHash('sha1')
      .update(key + GUID)
      .digest('base64'),
  };
}

/** One end of a connection. */
export class WebSocket {
  readonly #socket: Duplex;
  #rest: Buffer;

  /** @param head what has come already. */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    this.#rest = head;
    // Told by who reads or writes.
    socket.on('error', () => undefined);
  }

  /** Sends a message; resolves when there is room for more. */
  async send(message: Uint8Array): Promise<void> {
    await this.#write(OPCODE.binary, message);
  }

  /** The messages, until either side ends. */
  async *messages(): AsyncGenerator<Uint8Array, void> {
    let parts: Buffer[] = [];
    for await (const { opcode, isFinal, body } of this.#frames()) {
      if (opcode === OPCODE.close) return;
      if (opcode === OPCODE.ping) await this.#write(OPCODE.pong, body);
      if (opcode >= OPCODE.close) continue;
      parts.push(body);
      if (!isFinal) continue;
      yield parts.length === 1 ? body : Buffer.concat(parts);
      parts = [];
    }
  }

  /** Ends the connection. */
  close(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.end(frame(OPCODE.close, new Uint8Array()), () => this.#socket.destroy());
  }

  async *#frames(): AsyncGenerator<{ opcode: number; isFinal: boolean; body: Buffer }, void> {
    const chunks = this.#socket[Symbol.asyncIterator]();
    for (;;) {
      const size = sizeOf(this.#rest);
      if (size !== undefined && size.end > MAX_BYTES) throw new Error(`a message of ${size.end} bytes`);
      if (size === undefined || this.#rest.length < size.end) {
        const step = (await chunks.next()) as IteratorResult<Buffer, undefined>;
        if (step.done === true) return;
        this.#rest = this.#rest.length === 0 ? step.value : Buffer.concat([this.#rest, step.value]);
        continue;
      }
      const first = this.#rest[0] ?? 0;
      const body = this.#rest.subarray(size.start, size.end);
      this.#rest = this.#rest.subarray(size.end);
      yield { opcode: first & 0x0f, isFinal: (first & FINAL) !== 0, body };
    }
  }

  async #write(opcode: number, body: Uint8Array): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) throw new Error('the connection is closed');
    if (this.#socket.write(frame(opcode, body))) return;
    await new Promise<void>(resolve => {
      const go = (): void => {
        this.#socket.off('drain', go).off('close', go);
        resolve();
      };
      this.#socket.on('drain', go).on('close', go);
    });
  }
}

/** Where the body of the first frame begins and ends; undefined where its head has not come. */
function sizeOf(bytes: Buffer): { start: number; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { start, end: start + size };
}

/** A frame of a client: what it sends is masked. */
function frame(opcode: number, body: Uint8Array): Buffer {
  const { length } = body;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = FINAL | opcode;
  if (length < 126) head[1] = MASKED | length;
  else if (length < 65_536) {
    head[1] = MASKED | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = MASKED | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  const mask = randomBytes(4);
  const masked = Buffer.from(body);
  for (let at = 0; at < length; at++) masked[at] = (masked[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return Buffer.concat([head, mask, masked]);
}
