/*
 * The context of an attempt: what a function is given beside its input.
 *
 * C1 A signal or a log is made only when a function asks for it; signals those that were asked for are
 *    aborted with the pod. Of a pod that is over nothing is left at the signal of its process.
 */
import type { KtContext, KtFiles, KtLog } from '@kube-transform/sdk';
import { isError, isObject, textOf, toStored } from '../parse/stored-value.js';
import { messageOf } from '../parse/thrown.js';
import type { JobOrder } from '../ports/index.js';
import type { LineLog, PodHost } from './pod-host.js';

/** Characters of a line's message; more is cut off. */
const MAX_MESSAGE = 1_000_000;

/** The contexts of one pod's items. */
export class ContextScope {
  readonly step: JobOrder;
  readonly host: PodHost;
  readonly #logs: () => Promise<LineLog>;
  readonly #asked = new Map<number, ItemContext>();
  readonly #onDisk = new Map<number, ItemContext>();
  /** Ends listening to the signal of the process; undefined: no signal has been asked for. */
  #leave: (() => void) | undefined;
  #logged: Promise<void> = Promise.resolve();

  constructor(step: JobOrder, host: PodHost, logs: () => Promise<LineLog>) {
    this.step = step;
    this.host = host;
    this.#logs = logs;
  }

  open(item: number, attempt: number): ItemContext {
    return new ItemContext(this, item, attempt);
  }

  /** The item's attempt is over; resolves when its disk is free again. */
  end(item: number): Promise<void> | undefined {
    this.#asked.delete(item);
    const context = this.#onDisk.get(item);
    this.#onDisk.delete(item);
    return context === undefined ? undefined : this.host.disk.release(context);
  }

  /** It uses the disk of this machine. */
  uses(context: ItemContext): void {
    this.#onDisk.set(context.index, context);
  }

  write(line: object): void {
    this.host.echo(line);
    this.#logged = this.#logs().then(log => log.append(line));
    this.#logged.catch(() => undefined);
  }

  /** A signal has been asked for. */
  watch(context: ItemContext): void {
    this.#asked.set(context.index, context);
    const { signal } = this.host;
    if (signal.aborted) context.abort(signal.reason as Error);
    if (this.#leave !== undefined) return;
    const abort = (): void => {
      for (const asked of this.#asked.values()) asked.abort(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    this.#leave = () => signal.removeEventListener('abort', abort);
  }

  /** The pod is over; resolves when what was logged is stored. */
  close(): Promise<void> {
    this.#leave?.();
    return this.#logged;
  }
}

/** The context of one attempt. */
export class ItemContext implements KtContext {
  readonly #scope: ContextScope;
  readonly index: number;
  readonly attempt: number;
  #log: KtLog | undefined;
  #files: KtFiles | undefined;
  #controller: AbortController | undefined;
  #aborted: { reason: Error } | undefined;

  constructor(scope: ContextScope, index: number, attempt: number) {
    this.#scope = scope;
    this.index = index;
    this.attempt = attempt;
  }

  get runId(): string {
    return this.#scope.step.runId;
  }
  get pipeline(): string {
    return this.#scope.step.pipeline;
  }
  get job(): string {
    return this.#scope.step.job.name;
  }
  get files(): KtFiles {
    const { files, disk } = this.#scope.host;
    // What it downloads is its own for as long as it runs.
    return (this.#files ??= {
      ...files,
      download: async path => {
        this.#scope.uses(this);
        return await disk.download(files.join(path), this);
      },
    });
  }
  get scratch(): () => Promise<string> {
    return async () => {
      this.#scope.uses(this);
      return await this.#scope.host.disk.folderOf(this);
    };
  }
  get store(): KtContext['store'] {
    return async (url, options = {}) => {
      this.#scope.uses(this);
      return await this.#scope.host.openStore(url, options, this);
    };
  }
  get log(): KtLog {
    return (this.#log ??= new ItemLog(this.#scope, this.index, this.attempt));
  }
  get fs(): KtContext['fs'] {
    return this.#scope.host.openFs;
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
      this.#scope.watch(this);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

class ItemLog implements KtLog {
  readonly #scope: ContextScope;
  readonly #item: number;
  readonly #attempt: number;

  constructor(scope: ContextScope, item: number, attempt: number) {
    this.#scope = scope;
    this.#item = item;
    this.#attempt = attempt;
  }

  debug(message: string, data?: object): void {
    this.#write('debug', message, data);
  }
  info(message: string, data?: object): void {
    this.#write('info', message, data);
  }
  warn(message: string, data?: object): void {
    this.#write('warn', message, data);
  }
  error(message: string, data?: object): void {
    this.#write('error', message, data);
  }

  /** Whatever is logged is no fault of the item: a line is written as well as it can be. */
  #write(level: string, message: unknown, data: unknown): void {
    const t = this.#scope.host.clock.nowMs();
    const line = { i: this.#item, n: this.#attempt, t, level };
    const error = isObject(message) && isError(message) ? message : undefined;
    const said = error === undefined ? textOf(message, MAX_MESSAGE) : messageOf(error);
    const more = [error, data].filter(part => part !== undefined);
    if (more.length === 0) this.#scope.write({ ...line, message: said });
    else this.#scope.write({ ...line, message: said, data: toStored(more.length === 1 ? more[0] : more) });
  }
}
