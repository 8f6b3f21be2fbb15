/** `kt files rm`: deletes files of a store. */
import { KtError } from '@kube-transform/sdk';
import { storePath } from '@kube-transform/runtime/internal';
import type { OpenPlace } from './open-place.js';
import { meantBy, type Selected, selected } from './selection.js';
import { moveAll, type Outcome, type Tally, type Transfer } from './transfers.js';

/** What is deleted, and how. */
export interface Removal {
  paths: readonly string[];
  /** Also directories, with all below them. */
  recursive: boolean;
  /** Delete nothing, tell what would be. */
  dryRun: boolean;
}

/** One call of a store deletes so many. */
const BATCH = 500;

/** Deletes what paths mean. @throws KtError `IS_DIRECTORY` without `recursive`; nothing is deleted then. */
export async function removeFiles(
  { store }: Pick<OpenPlace, 'store'>,
  { paths, recursive, dryRun }: Removal,
  transfer: Transfer,
): Promise<Tally> {
  for (const path of paths) {
    store.refuseChange(storePath(path));
    const meant = await meantBy(store, path);
    if (meant.kind !== 'directory') continue;
    if (meant.prefix === '' || !recursive) throw isDirectory(path, meant.prefix);
  }
  const total: Tally = { files: 0, bytes: 0, skipped: 0, failed: 0 };
  const told = async (batch: readonly Selected[]): Promise<null> => {
    if (!dryRun) await store.delete(batch.map(({ info }) => info.key));
    for (const { info } of batch) {
      total.files++;
      total.bytes += info.size;
      const outcome: Outcome = {
        action: dryRun ? 'would delete' : 'deleted',
        path: info.key,
        bytes: info.size,
      };
      if (transfer.json) transfer.output.out(JSON.stringify(outcome));
      else if (dryRun) transfer.output.out(`${outcome.action} ${info.key}`);
    }
    return null;
  };
  const { failed } = await moveAll(batches(selected(store, paths)), told, transfer);
  return { ...total, failed };
}

async function* batches(files: AsyncIterable<Selected>): AsyncGenerator<Selected[], void> {
  let batch: Selected[] = [];
  for await (const file of files) {
    batch.push(file);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const isDirectory = (path: string, prefix: string): KtError =>
  new KtError({
    code: 'IS_DIRECTORY',
    path,
    message: prefix === '' ? 'It is the store itself.' : 'It is a directory.',
    hint:
      prefix === ''
        ? 'Name what is to go. All but what runs keep: kt files rm "**".'
        : 'Delete it with all below it by -r; --dry-run shows what that is.',
  });
