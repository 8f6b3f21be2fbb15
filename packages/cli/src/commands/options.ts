/** Options that several commands share. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type FileStore, openStore } from '@kube-transform/runtime';
import type { SessionOptions } from '../session.js';

/** The store a command works on: `--store`, else KT_STORE, else DATA_DIR, else the folder it runs in. */
export const storeOption = (): Option =>
  new Option('--store <url>', 'file store: file:DIR or mem: (also KT_STORE, DATA_DIR)').default(undefined, 'file:.');

/** Opens the store of {@link storeOption}. */
export function storeOf(options: { store?: string }): Promise<FileStore> {
  return openStore(options.store ?? process.env['KT_STORE'] ?? process.env['DATA_DIR'] ?? 'file:.');
}

const count = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return Number(text);
};

/** Adds the options of commands that drive a run. */
export function withSessionOptions(command: Command): Command {
  return command
    .addOption(storeOption())
    .addOption(new Option('--executor <name>', 'where items run: in this process, or in one process per core').choices(['in-process', 'processes']).default('in-process'))
    .addOption(new Option('--jobs <n>', 'items (in-process) or processes at once').argParser(count).default(undefined, '8 items, or one process per core'))
    .option('--json', 'print one event a line', false)
    .option('--steal', 'drive the run although another process seems to', false);
}

/** The options as they were parsed. */
export type CommandSession = SessionOptions & { store?: string };
