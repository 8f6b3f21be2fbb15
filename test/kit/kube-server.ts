/**
 * A scripted Kubernetes API server on loopback: it stores objects as the real one does, and breaks when told
 * to.
 *
 * `on` puts a rule in front of the storage; the newest rule that applies answers.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Change, isSelected, KubeStorage, Refusal, seenBy, type StoredObject } from './kube-storage.js';

/** What was asked. */
export interface Asked {
  method: string;
  /** Without query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  text: string;
  watch: boolean;
}

/**
 * What a rule says: a whole answer, no answer at all, a connection that breaks, a stream, or that the storage
 * shall answer.
 */
export type Answer =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  | { stream: (out: OpenStream) => void; status?: number }
  | 'freeze'
  | 'reset'
  | 'store';

interface Rule {
  applies: (asked: Asked) => boolean;
  answer: (asked: Asked) => Answer;
  left: number;
}

/** An answer that goes on. */
export class OpenStream {
  readonly asked: Asked;
  readonly closed: Promise<void>;
  readonly #response: ServerResponse;

  constructor(asked: Asked, response: ServerResponse) {
    this.asked = asked;
    this.#response = response;
    this.closed = new Promise(resolve => response.on('close', resolve));
  }

  /** Sends bytes as they are, or a value as a line of JSON. */
  send(value: string | Uint8Array | object): void {
    this.#response.write(
      typeof value === 'string' || value instanceof Uint8Array ? value : `${JSON.stringify(value)}\n`,
    );
  }

  end(): void {
    this.#response.end();
  }

  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

/** The body of a refusal. */
export const statusBody = (code: number, reason: string, message = reason, more: object = {}): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message,
  ...more,
});

export class KubeServer {
  readonly asked: Asked[] = [];
  readonly storage = new KubeStorage();
  /** Watches that are open, oldest first. */
  readonly watches = new Set<OpenStream>();
  /** How many connections were ever made. */
  connections = 0;
  readonly #http: Server;
  readonly #sockets = new Set<Socket>();
  #rules: Rule[] = [];
  #onAsked: (() => void)[] = [];

  private constructor() {
    this.#http = createServer((request, response) => void this.#handle(request, response));
    this.#http.on('connection', socket => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  static async start(): Promise<KubeServer> {
    const server = new KubeServer();
    await new Promise<void>(resolve => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Requests that match "METHOD /path?query"; the query is decoded. */
  askedFor(pattern: RegExp): Asked[] {
    return this.asked.filter(asked => pattern.test(lineOf(asked)));
  }

  /** Resolves when `count` requests have come that match. */
  async hasBeenAsked(pattern: RegExp, count = 1): Promise<void> {
    while (this.askedFor(pattern).length < count)
      await new Promise<void>(resolve => this.#onAsked.push(resolve));
  }

  /** Answers requests that match "METHOD /path?query", the next `times` of them. */
  on(pattern: RegExp, answer: Answer | ((asked: Asked) => Answer), times = Infinity): void {
    const rule = {
      applies: (asked: Asked) => pattern.test(lineOf(asked)),
      answer: typeof answer === 'function' ? answer : () => answer,
      left: times,
    };
    this.#rules.unshift(rule);
  }

  /** Forgets the rules. */
  mend(): void {
    this.#rules = [];
  }

  /** Sends a bookmark on all watches. */
  bookmark(): void {
    for (const watch of this.watches)
      watch.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: this.storage.version } } });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#http.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname: path, searchParams: query } = url;
    const text = Buffer.concat(chunks).toString();
    const asked = {
      method: request.method ?? '',
      path,
      query,
      headers: request.headers,
      text,
      watch: query.get('watch') === 'true',
    };
    this.asked.push(asked);
    for (const look of this.#onAsked.splice(0)) look();
    const rule = this.#rules.find(one => one.left > 0 && one.applies(asked));
    if (rule !== undefined) rule.left--;
    const answer = rule?.answer(asked) ?? 'store';
    if (answer === 'freeze') return;
    if (answer === 'reset') request.socket.resetAndDestroy();
    else if (answer === 'store') this.#store(asked, response);
    else if ('stream' in answer) answer.stream(this.#open(asked, response, answer.status));
    else {
      response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
      response.end(
        typeof answer.body === 'string'
          ? answer.body
          : JSON.stringify(answer.body ?? statusBody(answer.status, 'Scripted')),
      );
    }
  }

  #open(asked: Asked, response: ServerResponse, status = 200): OpenStream {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const stream = new OpenStream(asked, response);
    this.watches.add(stream);
    response.on('close', () => this.watches.delete(stream));
    return stream;
  }

  #store(asked: Asked, response: ServerResponse): void {
    try {
      const [, collection = '', name] =
        /^(\/apis?\/.*?\/namespaces\/[^/]+\/[^/]+)(?:\/([^/]+))?(?:\/status)?$/.exec(asked.path) ?? [];
      if (collection === '')
        throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
      if (asked.watch) return this.#watch(collection, asked, response);
      const answer = this.#act(asked, collection, name);
      response.writeHead(asked.method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      response.writeHead(error.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(statusBody(error.status, error.reason, error.message)));
    }
  }

  #act({ method, query, text }: Asked, collection: string, name: string | undefined): unknown {
    const { storage } = this;
    const body = <T = StoredObject>(): T => JSON.parse(text) as T;
    const policy = query.get('propagationPolicy');
    switch (`${method} ${name === undefined ? 'all' : 'one'}`) {
      case 'GET one':
        return storage.get(collection, name ?? '');
      case 'GET all':
        return this.#list(collection, query);
      case 'POST all':
        return storage.create(collection, body());
      case 'PUT one':
        return storage.replace(collection, name ?? '', body());
      case 'PATCH one':
        return storage.patch(collection, name ?? '', body());
      case 'DELETE one':
        return storage.deleteIf(collection, name ?? '', text === '' ? { propagationPolicy: policy } : body());
      case 'DELETE all':
        for (const object of storage.all(collection))
          if (isSelected(object, query)) storage.delete(collection, object.metadata.name, policy);
        return { kind: 'Status', status: 'Success' };
      default:
        throw new Refusal(405, 'MethodNotAllowed', `${method} is not allowed here`);
    }
  }

  #list(collection: string, query: URLSearchParams): unknown {
    const after = query.get('continue') ?? '';
    const rest = this.storage
      .all(collection)
      .filter(object => isSelected(object, query) && object.metadata.name > after);
    const limit = Number(query.get('limit') ?? Infinity);
    const items = rest.slice(0, limit);
    const more = rest.length > limit ? { continue: items.at(-1)?.metadata.name } : {};
    return { kind: 'List', metadata: { resourceVersion: this.storage.version, ...more }, items };
  }

  #watch(collection: string, asked: Asked, response: ServerResponse): void {
    const missed = this.storage.since(collection, asked.query.get('resourceVersion') ?? this.storage.version);
    const stream = this.#open(asked, response);
    const tell = (change: Change): void => {
      const seen = change.collection === collection ? seenBy(asked.query, change) : undefined;
      if (seen !== undefined) stream.send(seen);
    };
    missed.forEach(tell);
    const stop = this.storage.listen(tell);
    response.on('close', stop);
  }
}

const lineOf = ({ method, path, query }: Asked): string =>
  `${method} ${path}${query.size === 0 ? '' : `?${decodeURIComponent(query.toString())}`}`;
