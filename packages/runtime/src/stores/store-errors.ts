/** What a server or the network says, as an error that names the key, the store and what to do. */
import { isKtError, KtError } from '@kube-transform/sdk';
import { messageOf } from '../parse/thrown.js';

const SILENT = 'The server does not answer: see whether it runs and can be reached.';
const NO_WAY =
  'There is no way there from here: see whether there is a network, and whether a firewall or a NetworkPolicy lets it through.';
const BROKEN =
  'The connection broke: try again; where it goes on, see the log of the server, or of a proxy between.';
const UNTRUSTED =
  'Have the certificate of the server mended, or name that of its issuer in NODE_EXTRA_CA_CERTS.';

/** What can be done about what lies between here and any server. */
const ON_THE_WAY: Record<string, string> = {
  ECONNREFUSED: 'No server listens there: mend the address of the store, or start the server.',
  ENOTFOUND: 'There is no such host: mend the address or the region of the store.',
  EAI_AGAIN: 'The name of the host cannot be looked up now: see whether there is a network.',
  EHOSTUNREACH: NO_WAY,
  EHOSTDOWN: NO_WAY,
  ENETUNREACH: NO_WAY,
  ENETDOWN: NO_WAY,
  ECONNRESET: BROKEN,
  ECONNABORTED: BROKEN,
  EPIPE: BROKEN,
  UND_ERR_SOCKET: BROKEN,
  TimeoutError: SILENT,
  ETIMEDOUT: SILENT,
  UND_ERR_CONNECT_TIMEOUT: SILENT,
  CERT_HAS_EXPIRED: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** What was to be done: the verb ("write", "read", …) and the key, in a store as people are told. */
export interface Doing {
  action: string;
  store: string;
  key: string;
}

/** Refuses to sign a URL. @throws KtError `SIGNING_UNSUPPORTED`. */
export function noSignedUrl(
  key: string,
  store: string,
  {
    why = 'such a store signs none',
    hint = 'Stores of s3:, gs: and az: do; give the bytes themselves, or copy the file there.',
  } = {},
): never {
  const message = `There is no signed URL of "${key}" in ${store}: ${why}.`;
  throw new KtError({ code: 'SIGNING_UNSUPPORTED', message, path: '', hint });
}

/** A failed action as KtError `STORE_FAILED`; a KtError is returned as it is. */
export function storeFailed(
  error: unknown,
  { action, store, key }: Doing,
  told: { code: string; status?: number | undefined; hint?: string | undefined },
): KtError {
  if (isKtError(error)) return error;
  const { code, status, hint } = told;
  const said = messageOf(error).replace(/\.$/, '');
  const why = said.includes(code) ? said : `${said} (${[code, status].filter(Boolean).join(', ')})`;
  return new KtError(
    {
      code: 'STORE_FAILED',
      message: `Cannot ${action} "${key}" in ${store}: ${why}.`,
      path: '',
      hint: hint ?? ON_THE_WAY[code] ?? 'The server says why; see its message.',
    },
    { cause: error },
  );
}
