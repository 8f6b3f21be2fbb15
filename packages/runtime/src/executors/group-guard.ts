/*
 * Ends the process groups of workers whose driver was killed: a worker that spins never sees that its channel
 * has closed.
 *
 * - It is a shell, not a Node: it costs the driver no time, and is started beside the first worker. Where
 *   there is none, all goes on without.
 * - It is told over its standard input who leads a group and whose group has ended. That it ends, however the
 *   driver does, is the sign; workers then have a moment to end by themselves, and what functions want to be
 *   done at the end of their process is done.
 * - It is in a session of its own: neither Ctrl-C nor the end of its driver's group is its end. It holds
 *   nothing of the driver's open, and nothing holds the driver.
 * - A number that another process has by now is not touched, where the system tells when a process began
 *   (/proc). One whose leader has ended stays the group's for as long as anything is left in it.
 */
import { type ChildProcess, spawn } from 'node:child_process';

const GRACE_S = 2;

const SCRIPT = `
trap '' HUP INT QUIT TERM
born() { stat=; read -r stat <"/proc/$1/stat"; set -- \${stat##*) }; born=\${20}; }
held=
while read -r line; do
  leader=\${line#?}
  others=
  for one in $held; do [ "\${one%%:*}" = "$leader" ] || others="$others $one"; done
  held=$others
  case $line in +*) born "$leader"; held="$held $leader:$born" ;; esac
done
[ -z "$held" ] || sleep "$1"
for one in $held; do
  born "\${one%%:*}"
  case $born in '' | "\${one#*:}") kill -s KILL -- "-\${one%%:*}" ;; esac
done`;

/** The guard of the workers of one pool. */
export class GroupGuard {
  readonly #graceS: number;
  #shell: ChildProcess | undefined;

  /** `graceS`: seconds that workers whose driver is gone may take to end by themselves. Default: 2. */
  constructor({ graceS = GRACE_S }: { graceS?: number } = {}) {
    this.#graceS = graceS;
  }

  /** The guard's process; undefined before the first worker, and where there is no shell. */
  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  /** A group whose leader has just begun: it is not to outlive this process. */
  watch(leader: number): void {
    this.#shell ??= startShell(this.#graceS);
    this.#tell(`+${leader}`);
  }

  /** A group that has ended. */
  forget(leader: number): void {
    this.#tell(`-${leader}`);
  }

  /** There will be no more workers. */
  close(): void {
    this.#shell?.stdin?.end();
  }

  #tell(line: string): void {
    if (this.#shell?.stdin?.writable === true) this.#shell.stdin.write(`${line}\n`);
  }
}

function startShell(graceS: number): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'kt-guard', String(graceS)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
    detached: true,
  });
  // A shell that is not there, or was ended, guards nothing, and that is all.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as { unref?: () => void }).unref?.();
  return shell;
}
