/** The contract of file stores, run on each of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { lagStore } from '../kit/lag-store/lag-store.js';
import { volumeOf } from '../kit/volume/volume-of.js';
import { fileStoreContract, type OpenedStore } from './file-store-contract.js';

async function inFolder(hardLinks: boolean): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'kt-store-'));
  return {
    store: localFileStore(join(folder, 'root'), { hardLinks }),
    close: () => rm(folder, { recursive: true }),
  };
}

fileStoreContract('mem', async () => ({ store: memoryFileStore(), close: async () => undefined }));
fileStoreContract('file', () => inFolder(true));
fileStoreContract('file without hard links', () => inFolder(false));
fileStoreContract('lagging, with no fault', async () => ({
  store: lagStore(memoryFileStore(), { seed: 1 }),
  close: async () => undefined,
}));
fileStoreContract('the volume of a pod', async () => ({
  store: volumeOf(memoryFileStore()).store,
  close: async () => undefined,
}));
