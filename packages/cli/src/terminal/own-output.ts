/*
 * Standard output that is for kt alone: where it prints JSON, what modules print when they are loaded, and
 * what their processes print, goes to standard error.
 *
 * - Node cannot give a process another descriptor 1. So what writes to the stream is turned round, and so is
 *   the descriptor that child processes inherit; only who writes into descriptor 1 itself is not.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

type AnyCall = (...args: unknown[]) => unknown;
/** The functions that begin a process with streams of this one. */
const BEGIN = ['spawn', 'spawnSync', 'execSync', 'execFileSync', 'fork'] as const;
const ERR = 2;

/** Keeps standard output for who has the function that this gives; all others print to standard error. */
export function ownOutput(own: NodeJS.Process): (text: string) => void {
  const { stdout, stderr } = own;
  const write = stdout.write.bind(stdout);
  // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
  stdout.write = ((...args: Parameters<typeof stderr.write>) => stderr.write(...args)) as typeof stdout.write;
  // The module itself: its exports as others import them are made of it.
  const children = createRequire(import.meta.url)('node:child_process') as Record<string, AnyCall>;
  for (const name of BEGIN) {
    const begin = children[name];
    if (begin === undefined) continue;
    // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
    children[name] = (...args) => begin(...redirected(args, { always: name === 'fork', stdout }));
  }
  syncBuiltinESMExports();
  return text => void write(text);
}

/** Arguments with which a process inherits standard error where it would inherit standard output. */
function redirected(args: unknown[], { always, stdout }: { always: boolean; stdout: unknown }): unknown[] {
  const at = args.findLastIndex(arg => typeof arg === 'object' && arg !== null && !Array.isArray(arg));
  const options = (at < 0 ? {} : args[at]) as { stdio?: unknown; silent?: boolean };
  const stdio =
    options.stdio ??
    (always && options.silent !== true ? ['inherit', 'inherit', 'inherit', 'ipc'] : undefined);
  const list = stdio === 'inherit' ? ['inherit', 'inherit', 'inherit', ...(always ? ['ipc'] : [])] : stdio;
  if (!Array.isArray(list) || !(list[1] === 'inherit' || list[1] === 1 || list[1] === stdout)) return args;
  const changed = { ...options, stdio: list.map((to: unknown, fd) => (fd === 1 ? ERR : to)) };
  return at < 0 ? [...args, changed] : args.with(at, changed);
}
