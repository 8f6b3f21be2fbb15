/** Answers the challenge of a registry: with Basic, or with a token from the server that it names. */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import { fits, optional, record, text, tryJson } from '@kube-transform/runtime/internal';
import type { Credentials } from './credentials.js';
import { type RegistryCalls, retryingFetch } from './retrying-fetch.js';

/** What a registry says when it wants to know who asks. */
interface Challenge {
  scheme: string;
  parameters: Record<string, string>;
}

/** Reads `WWW-Authenticate` (RFC 9110 §11.6.1): the first challenge of a scheme that is known. */
export function readChallenge(header: string | null): Challenge | null {
  const [, scheme = '', rest = ''] = /^\s*(basic|bearer)\b\s*(.*)$/is.exec(header ?? '') ?? [];
  if (scheme === '') return null;
  const parameters: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of rest.matchAll(
    /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g,
  )) {
    parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
  }
  return { scheme: scheme.toLowerCase(), parameters };
}

/** Keeps what a registry has let in, by what was asked for. */
export class RegistryAuth {
  readonly #credentials: () => Promise<Credentials | null>;
  readonly #calls: RegistryCalls;
  readonly #headers = new Map<string, string>();

  constructor(credentials: () => Promise<Credentials | null>, calls: RegistryCalls) {
    let asked: Promise<Credentials | null> | undefined;
    this.#credentials = () => (asked ??= credentials());
    this.#calls = calls;
  }

  /** The header for scopes, where one is known. */
  header(scopes: readonly string[]): string | undefined {
    return this.#headers.get(scopes.join(' ')) ?? this.#headers.get('');
  }

  /**
   * Answers a challenge. False where there is nothing to answer with.
   *
   * @throws KtError `REGISTRY_DENIED` where the token server refuses, `REGISTRY_FAILED`,
   * `REGISTRY_UNREACHABLE`.
   */
  async answer(header: string | null, scopes: readonly string[]): Promise<boolean> {
    const challenge = readChallenge(header);
    const credentials = await this.#credentials();
    if (challenge?.scheme === 'bearer') {
      this.#headers.set(
        scopes.join(' '),
        `Bearer ${await token({ ...challenge, scopes, credentials }, this.#calls)}`,
      );
      return true;
    }
    if (challenge?.scheme !== 'basic' || credentials === null || !('username' in credentials)) return false;
    this.#headers.set('', basic(credentials));
    return true;
  }
}

interface TokenRequest {
  parameters: Record<string, string>;
  scopes: readonly string[];
  credentials: Credentials | null;
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/**
 * Asks the token server that a registry names; see the token authentication of the distribution
 * specification.
 */
async function token(request: TokenRequest, calls: RegistryCalls): Promise<string> {
  const { parameters, scopes, credentials } = request;
  const { realm = '' } = parameters;
  const { url, init } =
    credentials !== null && 'identityToken' in credentials
      ? refreshing(request, credentials)
      : getting(request, credentials);
  const { ok, status, bytes } = await retryingFetch(url, init, calls);
  const found = tokenIn(bytes);
  if (ok && found !== undefined) return found;
  const who =
    credentials === null
      ? 'a request without credentials'
      : 'username' in credentials
        ? credentials.username
        : 'an identity token';
  const isDenied = status >= 400 && status < 500 && status !== 429;
  throw new KtError({
    code: isDenied ? 'REGISTRY_DENIED' : 'REGISTRY_FAILED',
    path: calls.registry,
    message: ok
      ? `The token server ${realm} of the registry sends no token.`
      : `The token server ${realm} of the registry answers ${status} to ${who}.`,
    hint: isDenied
      ? `Log in with rights to ${scopes.join(', ')}: docker login ${calls.registry}.`
      : 'Try again.',
  });
}

/** Docker's way: a GET, in which each scope is a parameter of its own. */
function getting(
  { parameters: { realm = '', service }, scopes }: TokenRequest,
  credentials: { username: string; password: string } | null,
): { url: string; init: RequestInit } {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return {
    url: url.href,
    init: { headers: credentials === null ? undefined : { authorization: basic(credentials) } },
  };
}

/** The way of OAuth 2, for an identity token: a form, in which the scopes are words. */
function refreshing(
  { parameters: { realm = '', service }, scopes }: TokenRequest,
  { identityToken }: { identityToken: string },
): { url: string; init: RequestInit } {
  const form = {
    grant_type: 'refresh_token',
    refresh_token: identityToken,
    client_id: 'kt',
    scope: scopes.join(' '),
  };
  const body = new URLSearchParams(omitUndefined({ ...form, service })).toString();
  return {
    url: realm,
    init: { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body },
  };
}

const TOKEN = record<{ token?: string; access_token?: string }>({
  token: optional(text),
  access_token: optional(text),
});

function tokenIn(bytes: Uint8Array): string | undefined {
  const found = fits(TOKEN, tryJson(Buffer.from(bytes).toString()));
  return found?.token ?? found?.access_token;
}
