/** The side of a session that asks the pod of a volume: one thing at a time. */
import { KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';
import { FRAME, type Frame, frameOf, framesIn } from './frames.js';
import { PIECE_BYTES, type Peer } from './serve-volume.js';
import { VOLUME_ANSWER, VOLUME_REQUEST, type VolumeAnswer, type VolumeRequest } from './volume-protocol.js';

/** The pod, as bytes. */
export interface SessionPeer extends Peer {
  /** Ends the session, whatever it is at. */
  close(): void;
}

type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** A session. */
export class VolumeSession {
  /** Whether it was cut off. */
  isLost = false;
  /** Whether it may be asked for something else. */
  isIdle = true;
  readonly #peer: SessionPeer;
  readonly #frames: AsyncIterator<Frame, void>;
  readonly #name: string;

  constructor(peer: SessionPeer, name: string) {
    this.#peer = peer;
    this.#frames = framesIn(peer.input);
    this.#name = name;
  }

  /** Asks for something, and gives a file along. An error of the file itself passes through unchanged. */
  async call(request: VolumeRequest, body?: Body): Promise<VolumeAnswer> {
    this.isIdle = false;
    await this.#ask(request);
    const coming = this.#answer();
    if (body !== undefined) await this.#give(body, coming);
    const answer = await coming;
    this.isIdle = true;
    if ('error' in answer) throw new KtError(answer.error);
    return answer;
  }

  /** The bytes of a file. */
  async *get(request: VolumeRequest & { op: 'get' }): AsyncGenerator<Uint8Array, void> {
    await this.call(request);
    this.isIdle = false;
    for (;;) {
      const frame = await this.#next();
      if (frame.kind === FRAME.end) break;
      if (frame.kind === FRAME.piece) yield frame.body;
      else {
        this.isIdle = true;
        const answer = VOLUME_ANSWER.parse(frame.body, this.#name);
        if ('error' in answer) throw new KtError(answer.error);
      }
    }
    this.isIdle = true;
  }

  close(): void {
    this.#peer.close();
  }

  async #ask(request: VolumeRequest): Promise<void> {
    await this.#send(frameOf(FRAME.json, new TextEncoder().encode(VOLUME_REQUEST.text(request))));
  }

  /** Sends a file, up to its end or to an answer that comes before. */
  async #give(body: Body, coming: Promise<unknown>): Promise<void> {
    const answer = { hasCome: false };
    const come = (): void => void (answer.hasCome = true);
    coming.then(come, come);
    for await (const chunk of body instanceof Uint8Array ? [body] : body)
      for (let at = 0; at < chunk.length && !answer.hasCome; at += PIECE_BYTES)
        await this.#send(frameOf(FRAME.piece, chunk.subarray(at, at + PIECE_BYTES)));
    await this.#send(frameOf(FRAME.end));
  }

  async #answer(): Promise<VolumeAnswer> {
    const { body } = await this.#next();
    return VOLUME_ANSWER.parse(body, this.#name);
  }

  async #next(): Promise<Frame> {
    const { value } = await this.#frames.next().catch((error: unknown) => {
      throw this.#lost(messageOf(error));
    });
    if (value === undefined) throw this.#lost('it has ended');
    return value;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#peer.send(bytes).catch((error: unknown) => {
      throw this.#lost(messageOf(error));
    });
  }

  #lost(why: string): KtError {
    this.isLost = true;
    return new KtError({
      code: 'STORE_FAILED',
      path: '',
      message: `The connection to ${this.#name} was lost: ${why.replace(/\.$/, '')}.`,
      hint: 'The same command goes on with what is left.',
    });
  }
}
