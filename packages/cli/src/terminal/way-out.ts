/*
 * The way out of the process of kt: one, whoever ends it.
 *
 * WO1 The exit code 0 follows a command that has done what was asked, and nothing else: where code that kt
 *     has loaded ends the process, or leaves it nothing to wait for, kt says so and ends otherwise.
 * WO2 What functions leave open (timers, servers, processes) holds nothing up: after a moment kt names it
 *     and ends. Processes that they began end with kt.
 * WO3 Where nobody reads what kt prints, a run that it drives goes on, and ends with its own exit code.
 */
import { AsyncResource } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ChildProcess } from 'node:child_process';
import { EXIT } from './exit.js';
import type { Driving, Signals } from './interrupt.js';
import { coloured, type Output, plural } from './output.js';

/** What may be left open when a command is done. */
const LINGER_MS = 1000;

/** What keeps a process alive, by Node's names. */
const KINDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPServerWrap: 'server',
  PipeServerWrap: 'server',
  TCPSocketWrap: 'socket',
  TLSWrap: 'socket',
  UDPWrap: 'socket',
  ProcessWrap: 'process',
  MessagePort: 'thread',
  Worker: 'thread',
  FSEventWrap: 'file watcher',
  StatWatcher: 'file watcher',
};

/** The way out of a process, and what tells of its signals. */
export class WayOut implements Signals {
  readonly #process: NodeJS.Process;
  /** Bound to where this is made: what is said while a function ends the process is not the function's. */
  readonly #say: (text: string, how?: 'Failed' | 'Interrupted') => void;
  readonly #children = new Set<ChildProcess>();
  #driving: Driving | undefined;
  #hasDriven = false;
  #hasThrown = false;
  #code: number | undefined;

  constructor(own: NodeJS.Process, output: Output) {
    this.#process = own;
    this.#say = AsyncResource.bind((text: string, how: 'Failed' | 'Interrupted' = 'Failed') =>
      output.err(coloured(how, text)),
    );
  }

  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void {
    this.#process.on(signal, listener);
  }

  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void {
    this.#process.off(signal, listener);
  }

  during(driving: Driving): () => void {
    this.#driving = driving;
    this.#hasDriven = true;
    const onBegun = (message: unknown): void => {
      const { process: child } = message as { process: ChildProcess };
      this.#children.add(child);
      child.once('exit', () => this.#children.delete(child));
    };
    subscribe('child_process', onBegun);
    return () => {
      unsubscribe('child_process', onBegun);
      this.#driving = undefined;
    };
  }

  /** Runs a command, and ends the process with the code that it comes to. */
  async through(command: () => Promise<number>): Promise<void> {
    const own = this.#process;
    own.on('exit', code => this.#leave(code));
    own.on('beforeExit', () => this.#runDry());
    own.on('uncaughtExceptionMonitor', () => (this.#hasThrown = true));
    own.stdout.on('error', (error: NodeJS.ErrnoException) => this.#unheard(error));
    own.stderr.on('error', () => undefined);
    this.#code = await command();
    own.exitCode = this.#code;
    setTimeout(() => this.#endNow(), LINGER_MS).unref();
  }

  /** The process ends now; only its exit code can still be chosen, and something be said. */
  #leave(code: number): void {
    for (const child of this.#children) if (!leadsGroup(child)) child.kill('SIGKILL');
    if (this.#code === undefined) {
      const by = this.#hasThrown ? 'the error above, which nothing caught' : `process.exit(${code})`;
      const driving = this.#driving;
      this.#say(`Ended by ${by} before its end. ${driving?.ended() ?? whileLoading}`);
      this.#code = driving !== undefined ? EXIT.interrupted : this.#hasThrown ? EXIT.bug : EXIT.badInput;
    }
    this.#process.exitCode = this.#code;
  }

  /** Nothing goes on any more; where a command has not come to its end, it never will. */
  #runDry(): void {
    if (this.#code !== undefined) return;
    if (this.#driving !== undefined) return this.#driving.ranDry();
    this.#say(`This waits for a promise that never settles. ${whileLoading}`);
    this.#process.exit((this.#code = EXIT.badInput));
  }

  /** Nobody reads on. Told late: a command may have come to its end already. */
  #unheard(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE' && !this.#hasDriven) this.#process.exit((this.#code ||= EXIT.unread));
  }

  #endNow(): void {
    if (this.#hasDriven) {
      const left = leftOpen(this.#process.getActiveResourcesInfo());
      this.#say(`The functions left open: ${left}. kt ends all the same.`, 'Interrupted');
    }
    this.#process.exit();
  }
}

const whileLoading =
  'No run was under way: look at what the modules of your functions do when they are loaded.';

/** Begun to live on by itself. */
function leadsGroup({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** `2 timers, 1 socket`. */
export function leftOpen(resources: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const resource of resources) {
    const kind = KINDS[resource];
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => plural(count, kind)).join(', ') || 'something';
}
