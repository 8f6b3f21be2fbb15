/** The store that a command works on. */
import type { FileStore } from '@kube-transform/runtime';
import { refuseReadOnly } from '../../project/run-store.js';

/**
 * Opens the store that was typed, else KT_STORE, else DATA_DIR, else the folder it runs in.
 *
 * @throws KtError `UNKNOWN_STORE`, `STORE_READ_ONLY`.
 */
export async function storeOf(typed: string | undefined): Promise<FileStore> {
  const url = typed ?? (process.env['KT_STORE'] || process.env['DATA_DIR'] || 'file:.');
  refuseReadOnly(url);
  const { openStore } = await import('@kube-transform/runtime');
  return openStore(url);
}
