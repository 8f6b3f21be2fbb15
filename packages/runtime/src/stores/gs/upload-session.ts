/*
 * A resumable upload: an object that goes up part by part, and is there when the last one is.
 *
 * After a part whose answer was lost the server is asked how much it has, and the rest is sent. See
 * "Resumable uploads" of Google Cloud Storage.
 */
import { asItIs, asText, type HttpClient, type HttpRequest } from '../http/http-client.js';
import { HttpFailure, isPassing, statusOf } from '../http/http-failure.js';
import { pause, TRIES } from '../retries.js';

/** The server has what was sent, and wants more. */
const GO_ON = 308;

/** One upload. All methods reject with HttpFailure. */
export class UploadSession {
  readonly #client: HttpClient;
  #url = '';
  /** Bytes that the server has. */
  #at = 0;
  #tries = 1;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** Opens the session. */
  async begin(request: HttpRequest): Promise<void> {
    const { value } = await this.#client.send(request, asItIs);
    await value.body?.cancel();
    const url = value.headers.get('location');
    if (url === null) throw new HttpFailure('the server opened no upload', { code: 'NoLocation' });
    this.#url = url;
  }

  /** Sends a part that others follow: a multiple of 256 KiB. */
  async send(part: Uint8Array): Promise<void> {
    await this.#send(part, '*');
  }

  /** Sends the last part; what the server says of the object. */
  async end(part: Uint8Array): Promise<string> {
    return (await this.#send(part, String(this.#at + part.length))) ?? '';
  }

  /** Has the server forget what it has, as far as it can be reached. */
  async cancel(): Promise<void> {
    if (this.#url === '') return;
    await this.#client.send({ method: 'DELETE', url: this.#url, once: true }, asText).catch(() => undefined);
  }

  async #send(part: Uint8Array, total: string): Promise<string | undefined> {
    const begin = this.#at;
    const end = begin + part.length;
    for (let failures = 0; ;) {
      const rest = part.subarray(this.#at - begin);
      const range = rest.length === 0 ? '*' : `${this.#at}-${end - 1}`;
      const answer = await this.#put(rest, `bytes ${range}/${total}`).catch(async (failure: unknown) => {
        if (!isPassing(failure) || ++failures >= TRIES) throw this.#counted(failure);
        this.#tries++;
        await pause(failures);
        return this.#put(new Uint8Array(), `bytes */${total}`, false);
      });
      if (typeof answer === 'string') return answer;
      if (answer < this.#at || answer > end)
        throw new HttpFailure(`the server has ${answer} bytes of ${end}`, { code: 'PartLost' });
      if (answer === this.#at && ++failures >= TRIES)
        throw new HttpFailure('the server takes nothing more', { code: 'PartRefused' });
      this.#at = answer;
      if (answer === end && total === '*') return undefined;
    }
  }

  /** How many bytes the server has; or what it says of the object, when that is there. */
  async #put(body: Uint8Array, range: string, once = true): Promise<number | string> {
    const headers = { 'content-range': range };
    try {
      const request = { method: 'PUT', url: this.#url, headers, body, once } as const;
      return (await this.#client.send(request, asText)).value;
    } catch (error) {
      if (!(error instanceof HttpFailure) || statusOf(error) !== GO_ON) throw error;
      const last = /-(\d+)$/.exec(error.headers.get('range') ?? '')?.[1];
      return last === undefined ? 0 : Number(last) + 1;
    }
  }

  #counted(failure: unknown): unknown {
    if (failure instanceof HttpFailure) failure.tries = Math.max(failure.tries, this.#tries);
    return failure;
  }
}
