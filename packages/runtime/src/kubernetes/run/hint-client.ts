/*
 * Tells the controller that there is something new in the store.
 *
 * HC1 A hint only wakes the controller: one that is lost costs time and nothing else. It is never waited for
 *     longer than a moment.
 * HC2 Where the controller listens is read from the store; it is read anew when nobody is there, because a
 *     new controller has a new address.
 */
import { hintsKey } from '../../run-store/layout.js';
import type { FileStore, Hint, HintAddress } from '../../ports/index.js';
import { readDocument } from '../../run-store/read-document.js';
import { HINT, HINT_ADDRESS } from './hint-formats.js';

const TIMEOUT_MS = 1000;

/** Sends hints about one pod of one job. */
export class HintClient {
  readonly #store: FileStore;
  readonly #runId: string;
  #address: Promise<HintAddress | null> | undefined;

  constructor(store: FileStore, runId: string) {
    this.#store = store;
    this.#runId = runId;
  }

  /** Resolves when it was sent, or could not be. */
  async send(hint: Hint): Promise<void> {
    for (const again of [false, true]) {
      if (again || this.#address === undefined) this.#address = this.#read();
      const address = await this.#address;
      if (address !== null && (await post(address, HINT.text(hint)))) return;
    }
  }

  #read(): Promise<HintAddress | null> {
    return readDocument(this.#store, hintsKey(this.#runId), HINT_ADDRESS).catch(() => null);
  }
}

/**
 * A request by hand: `node:http` takes longer to load than the request does, and `node:net` is loaded when
 * something was done.
 */
async function post({ host, port, token }: HintAddress, body: string): Promise<boolean> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise(resolve => {
    const socket = connect({ host, port });
    const end = (sent: boolean): void => {
      socket.destroy();
      resolve(sent);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(false));
    socket.on('error', () => end(false));
    socket.on('data', chunk => end(chunk.toString('latin1').includes(' 204 ')));
    socket.on('close', () => end(false));
    socket.write(
      `POST /hint HTTP/1.1\r\nHost: kt\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}
