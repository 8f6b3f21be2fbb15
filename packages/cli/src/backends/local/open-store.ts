/** The store that a command works on. */
import type { FileStore } from '@kube-transform/runtime';

/** Opens the store that was typed, else KT_STORE, else DATA_DIR, else the folder it runs in. */
export async function storeOf(typed: string | undefined): Promise<FileStore> {
  const { openStore } = await import('@kube-transform/runtime');
  return openStore(typed ?? (process.env['KT_STORE'] || process.env['DATA_DIR'] || 'file:.'));
}
