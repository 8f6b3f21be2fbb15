/*
 * Tells the controller that there is something new in the store, and asks it what to do.
 *
 * HC1 A hint only wakes the controller: one that is lost costs time and nothing else. It is never waited for
 *     longer than a moment.
 * HC3 Who asks for more waits for a controller that does not answer, as long as one may take to come back;
 *     for one that never has answered, and may be out of reach, not so long.
 * HC2 Where the controller listens is read from the store; it is read anew when nobody is there, because a
 *     new controller has a new address.
 * HC4 What a pod is told of the store when it begins spares it requests: where nobody tells it, it does not
 *     wait, and reads by itself.
 */
import { hintsKey } from '../../run-store/layout.js';
import type {
  Assignment,
  AssignmentRequest,
  Clock,
  FileStore,
  Hint,
  HintAddress,
  WarmRequest,
} from '../../ports/index.js';
import { readDocument } from '../../run-store/read-document.js';
import { ASSIGNMENT, ASSIGNMENT_REQUEST, HINT, HINT_ADDRESS, WARM_REQUEST } from './hint-formats.js';

const TIMEOUT_MS = 1000;
/** A controller that is busy with hundreds of pods that begin is worth so long. */
const BEGIN_TIMEOUT_MS = 4000;
/** How long a pod with nothing to do waits for a controller that does not answer. */
const PATIENCE_MS = 90_000;
/** The same where none has ever answered: it may be that none can be reached from here. */
const FIRST_PATIENCE_MS = 30_000;
const ASK_AGAIN_MS = 1000;
/** A warm pod waits longer for an answer than a controller takes that has nothing for it. */
const WARM_TIMEOUT_MS = 8000;

/** A question, and how long its answer may take. */
interface Question {
  path: string;
  body: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What a pod says that cannot reach its controller. */
export const outOfReach = (where: string): string =>
  `Nobody answers at ${where}, where the controller of this run listens. A NetworkPolicy of the namespace may keep pods from each other.`;

/** Sends hints about one pod of one job. */
export class HintClient {
  readonly #store: FileStore;
  readonly #runId: string;
  #address: Promise<HintAddress | null> | undefined;
  #isHeard = false;
  /** Where it was waited for in vain, and nobody has ever answered; null where that is not so. */
  silent: string | null = null;

  constructor(store: FileStore, runId: string) {
    this.#store = store;
    this.#runId = runId;
  }

  /** Resolves when it was sent, or could not be. */
  async send(hint: Hint): Promise<void> {
    for (const again of [false, true]) {
      if (again || this.#address === undefined) this.#address = this.#read();
      const address = await this.#address;
      if (address === null) continue;
      if ((await this.#ask(address, { path: '/hint', body: HINT.text(hint) })) !== null) return;
    }
  }

  /** Asks once what to do first; null: the pod is to find out by itself. */
  async begin(request: AssignmentRequest): Promise<Assignment | null> {
    const address = await (this.#address ??= this.#read());
    const said =
      address === null
        ? null
        : await this.#ask(address, {
            path: '/assign',
            body: ASSIGNMENT_REQUEST.text(request),
            timeoutMs: BEGIN_TIMEOUT_MS,
          });
    // Where it is nowhere now it may be somewhere when the first items are done.
    if (said === null) this.#address = undefined;
    return said?.startsWith('{') === true ? ASSIGNMENT.parse(said, 'POST /assign') : null;
  }

  /**
   * Asks for more to do, and again while nobody answers, for as long as a controller may take to come back.
   *
   * @returns pod null where nothing is left, nobody has answered, or there never was a controller.
   */
  assign(request: AssignmentRequest, waiting: { clock: Clock; signal: AbortSignal }): Promise<Assignment> {
    return this.#insist({ path: '/assign', body: ASSIGNMENT_REQUEST.text(request) }, waiting);
  }

  /** Asks for a warm pod, as {@link assign}, and again while there is nothing for it yet. */
  async next(request: WarmRequest, waiting: { clock: Clock; signal: AbortSignal }): Promise<Assignment> {
    const { signal } = waiting;
    const body = WARM_REQUEST.text(request);
    for (;;) {
      const given = await this.#insist({ path: '/warm', body, timeoutMs: WARM_TIMEOUT_MS, signal }, waiting);
      if (signal.aborted) return { pod: null };
      if (given.isLater !== true) return given;
    }
  }

  async #insist(
    question: Question,
    { clock, signal }: { clock: Clock; signal: AbortSignal },
  ): Promise<Assignment> {
    const sinceMs = clock.elapsedMs();
    for (;;) {
      this.#address ??= this.#read();
      const address = await this.#address;
      if (address === null) {
        this.#address = undefined;
        return { pod: null };
      }
      const said = await this.#ask(address, question);
      if (said?.startsWith('{') === true) return ASSIGNMENT.parse(said, `POST ${question.path}`);
      this.#address = undefined;
      const waitedMs = clock.elapsedMs() - sinceMs;
      if (signal.aborted) return { pod: null };
      if (waitedMs > (this.#isHeard ? PATIENCE_MS : FIRST_PATIENCE_MS)) {
        if (!this.#isHeard) this.silent = `${address.host}:${address.port}`;
        return { pod: null };
      }
      await clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
    }
  }

  async #ask(address: HintAddress, question: Question): Promise<string | null> {
    const said = await ask(address, question);
    if (said !== null) this.#isHeard = true;
    return said;
  }

  #read(): Promise<HintAddress | null> {
    return readDocument(this.#store, hintsKey(this.#runId), HINT_ADDRESS).catch(() => null);
  }
}

/**
 * A request by hand: `node:http` takes longer to load than the request does, and `node:net` is loaded when
 * something was done.
 */
async function ask(
  { host, port, token }: HintAddress,
  { path, body, timeoutMs = TIMEOUT_MS, signal }: Question,
): Promise<string | null> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise(resolve => {
    const socket = connect({ host, port });
    const chunks: Buffer[] = [];
    const end = (): void => {
      signal?.removeEventListener('abort', end);
      socket.destroy();
      const said = Buffer.concat(chunks).toString();
      const [, answer] = /^HTTP\/1\.1 20\d [^]*?\r\n\r\n([^]*)$/.exec(said) ?? [];
      resolve(answer ?? null);
    };
    socket.setTimeout(timeoutMs, end);
    signal?.addEventListener('abort', end, { once: true });
    socket.on('error', end);
    socket.on('data', chunk => chunks.push(chunk));
    socket.on('close', end);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: kt\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}
