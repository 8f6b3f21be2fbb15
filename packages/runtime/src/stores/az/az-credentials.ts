/** Credentials of Azure Storage, where its tools find them. */
import { KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';
import type { HttpRequest } from '../http/http-client.js';
import type { AzLocation } from './az-url.js';
import { entraToken } from './entra-token.js';
import { sharedKey } from './shared-key.js';

/** Proves who asks. */
export interface AzProof {
  /** Headers of one try, besides those of the request. */
  headers(request: HttpRequest): Promise<Record<string, string>>;
  /** What stands behind every URL: a shared access signature. */
  query: string;
  /** The key of the account, where that is what proves it. */
  key: string | undefined;
}

const VERSION = '2021-12-02';

/**
 * The credentials for an account: `AZURE_STORAGE_CONNECTION_STRING`, `AZURE_STORAGE_KEY`,
 * `AZURE_STORAGE_SAS_TOKEN`, else a token of Entra ID.
 *
 * @throws KtError `STORE_FAILED` where the connection string is for another account.
 */
export function azProof({ account, anonymous }: AzLocation, env = process.env): AzProof {
  const common = (): Record<string, string> => ({
    'x-ms-version': VERSION,
    'x-ms-date': new Date().toUTCString(),
  });
  const { key, sas } = anonymous ? {} : found(account, env);
  if (key !== undefined)
    return {
      key,
      query: '',
      headers: async request => {
        const own = common();
        const authorization = sharedKey(request, { ...request.headers, ...own }, { account, key });
        return { ...own, authorization };
      },
    };
  if (anonymous || sas !== undefined) return { key, query: sas ?? '', headers: async () => common() };
  const token = entraToken(env);
  return {
    key,
    query: '',
    headers: async () => ({ ...common(), authorization: `Bearer ${await token().catch(noToken(account))}` }),
  };
}

function found(
  account: string,
  env: NodeJS.ProcessEnv,
): { key?: string | undefined; sas?: string | undefined } {
  const text = env['AZURE_STORAGE_CONNECTION_STRING'];
  if (text === undefined || text === '')
    return {
      key: env['AZURE_STORAGE_KEY'] || undefined,
      sas: env['AZURE_STORAGE_SAS_TOKEN']?.replace(/^\?/, '') || undefined,
    };
  const parts = new Map(
    text.split(';').map(part => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const name = parts.get('AccountName');
  if (name !== undefined && name !== account)
    throw new KtError({
      code: 'STORE_FAILED',
      path: '',
      message: `AZURE_STORAGE_CONNECTION_STRING is for the account "${name}", and the store for "${account}".`,
      hint: 'Set that of the account, or unset it.',
    });
  return { key: parts.get('AccountKey'), sas: parts.get('SharedAccessSignature')?.replace(/^\?/, '') };
}

const noToken =
  (account: string) =>
  (cause: unknown): never => {
    throw new KtError(
      {
        code: 'STORE_FAILED',
        path: '',
        message: `There are no credentials for the account "${account}": ${messageOf(cause).replace(/\.$/, '')}.`,
        hint: 'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or use az login or a workload identity; ?anonymous=true for a public container.',
      },
      { cause },
    );
  };
