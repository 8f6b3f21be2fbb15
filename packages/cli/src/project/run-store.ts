/** Which stores may hold runs, and which variables that open them are secret. */
import { KtError } from '@kube-transform/sdk';

/** Refuses a store that can only be read. @throws KtError `STORE_READ_ONLY`. */
export function refuseReadOnly(store: string): void {
  if (!/^https?:/i.test(store)) return;
  throw new KtError({
    code: 'STORE_READ_ONLY',
    path: '--store',
    message: `"${store}" is no place for runs: the files of a web server can only be read.`,
    hint: 'Give a store that can be written: file:, s3:, gs: or az:. Functions may read the URL with fetch, or with context.store.',
  });
}

/** What opens a store and is for nobody else to read. */
export const SECRET_VARIABLES = [
  ...['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'GOOGLE_CREDENTIALS', 'AZURE_CLIENT_SECRET'],
  ...['AZURE_STORAGE_KEY', 'AZURE_STORAGE_SAS_TOKEN', 'AZURE_STORAGE_CONNECTION_STRING'],
];
