/** Reads the URL of a container of Azure Blob Storage: `az://account/container/prefix?endpoint=…`. */
import { checkKey } from '../store-key.js';
import { readStoreUrl } from '../store-url.js';

/** Where blobs lie, and how they are asked for. Credentials are never part of it. */
export interface AzLocation {
  readonly account: string;
  readonly container: string;
  /** Ends in "/", or is empty. */
  readonly prefix: string;
  /** The address of the account, without a "/" at its end. */
  readonly endpoint: string;
  /** Requests say nothing of who makes them. */
  readonly anonymous: boolean;
}

const RULES = {
  scheme: 'az',
  options: ['endpoint', 'anonymous'],
  write: 'Write az://ACCOUNT/CONTAINER/PREFIX.',
  credentials:
    'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or use az login or a workload identity.',
};

/**
 * Reads the URL of a container.
 *
 * - `endpoint`: the address of another server than `https://ACCOUNT.blob.core.windows.net`: of another cloud,
 *   or of an emulator, which has the account in the path.
 * - `anonymous=true`: requests carry no credentials.
 *
 * @throws KtError `UNKNOWN_STORE` for what it does not understand, and for credentials, which it never holds.
 */
export function azLocationOf(url: string): AzLocation {
  const { host: account, path, given, flag, refuse } = readStoreUrl(url, RULES);
  const [, container = '', rest = ''] = /^([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  const write = `${RULES.write} ${RULES.credentials}`;
  if (!/^[a-z0-9]{3,24}$/.test(account))
    throw refuse(
      account === '' ? 'names no account' : `names "${account}", as no account can be called`,
      write,
    );
  if (!/^(\$root|\$web|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])$/.test(container))
    throw refuse(
      container === '' ? 'names no container' : `names "${container}", as no container can be called`,
      write,
    );
  const prefix = rest.replace(/\/$/, '');
  if (prefix !== '') checkKey(prefix);
  const server = (given['endpoint'] ?? `https://${account}.blob.core.windows.net`).replace(/\/$/, '');
  const isOfAccount = server.replace(/^https?:\/\//i, '').startsWith(`${account}.`);
  return {
    account,
    container,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: isOfAccount ? server : `${server}/${account}`,
    anonymous: flag('anonymous') ?? false,
  };
}
