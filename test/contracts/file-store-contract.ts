/** What every file store must do; run on each of them by file-store.test.ts. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import type { Check } from '../kit/stores.js';
import { checkChanges } from './store/changes.js';
import { checkContents } from './store/contents.js';
import { checkKeys } from './store/keys.js';
import { checkWriters } from './store/writers.js';

export interface OpenedStore {
  store: FileStore;
  close(): Promise<void>;
}

/** `etag`: whether each put has one of its own, or each content. `unlisted`: what a server cannot list. */
export function fileStoreContract(
  name: string,
  open: () => Promise<OpenedStore>,
  { etag = 'put', unlisted = [] }: { etag?: 'put' | 'content'; unlisted?: string[] } = {},
): void {
  describe(`file store contract: ${name}`, () => {
    let opened: OpenedStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    const check: Check = (title, run) => test(title, { timeout: 60_000 }, () => run(opened.store));
    checkContents(check, etag);
    checkWriters(check);
    checkKeys(check, unlisted);
    checkChanges(check);
  });
}
