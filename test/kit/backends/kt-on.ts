/** The command line on a backend in memory: what it prints, and how it ends. */
import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { isKtError } from '@kube-transform/sdk';
import type { RunBackend } from '../../../packages/cli/src/backends/backend.js';
import type { WhereOptions } from '../../../packages/cli/src/open-backend.js';
import { runCli } from '../../../packages/cli/src/program.js';
import type { Ended } from '../kt.js';

/** What happens while a command runs. */
interface Meanwhile {
  /** Given all that was printed so far, each time more comes; `interrupt` is Ctrl-C. */
  onOut?: (text: string, interrupt: () => void) => void;
  /** Given Ctrl-C, before the command begins. */
  onStart?: (interrupt: () => void) => void;
}

/** Runs `kt` on a backend; `where` is what was typed about where runs are. */
export async function ktOn(
  backend: RunBackend | Error,
  args: readonly string[],
  { onOut = () => undefined, onStart = () => undefined }: Meanwhile = {},
): Promise<Ended & { where: WhereOptions | undefined }> {
  const signals = new EventEmitter();
  const interrupt = (): void => void signals.emit('SIGINT');
  onStart(interrupt);
  const ended = { out: '', err: '', where: undefined as WhereOptions | undefined };
  const output = {
    out: (text: string) => {
      ended.out += `${stripVTControlCharacters(text)}\n`;
      onOut(ended.out, interrupt);
    },
    err: (text: string) => void (ended.err += `${stripVTControlCharacters(text)}\n`),
    live: false as const,
    columns: 100,
  };
  const openBackend = async (where: WhereOptions): Promise<RunBackend> => {
    ended.where = where;
    if (isKtError(backend)) throw backend;
    return backend as RunBackend;
  };
  const code = await runCli(args, output, { signals, openBackend });
  return { ...ended, code };
}
