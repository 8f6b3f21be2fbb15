/** Bearer tokens of an identity provider: JWTs, whose keys are asked of it and kept for a while. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { KtError } from '@kube-transform/sdk';
import { messageOf } from '@kube-transform/runtime/internal';
import type { Clock } from '@kube-transform/runtime';
import type { Caller, CallerOf, TokenScope } from './tokens.js';

/** Which tokens hold. */
export interface OidcSettings {
  /** The claim `iss`, as it is. */
  issuer: string;
  /** What the claim `aud` is, or has in it. */
  audience: string;
  /** Where the provider has its public keys; https, or a loopback address. */
  jwksUrl: string;
  /** The claim with the scopes: text with spaces between, or a list. */
  scopesClaim: string;
  /** By how much clocks may differ. */
  toleranceSec: number;
}

/** Signatures of key pairs only: no shared secret, and not "none". */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Of the keys and their transport, not of the token. */
const KEYS_FAIL = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);
const SCOPES: readonly TokenScope[] = ['read', 'submit', 'admin'];
const JWT = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;
const MAX_NAME = 200;

/**
 * Knows callers by JWTs of one issuer. Rejects with KtError `KEYS_UNREACHABLE` where the keys are not known
 * and cannot be fetched.
 */
export function oidcCallers(settings: OidcSettings, clock: Pick<Clock, 'nowMs'>): CallerOf {
  const { issuer, audience, jwksUrl, scopesClaim, toleranceSec } = settings;
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return async authorization => {
    const token = JWT.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const options = {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: toleranceSec,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['exp', 'sub'],
    };
    try {
      return callerOf((await jwtVerify(token, keys, options)).payload, scopesClaim);
    } catch (error) {
      if (error instanceof errors.JOSEError && !KEYS_FAIL.has(error.code)) return undefined;
      const message = `The keys of ${issuer} cannot be read: ${messageOf(error)}.`;
      throw new KtError({ code: 'KEYS_UNREACHABLE', path: '', message }, { cause: error });
    }
  };
}

function callerOf(claims: JWTPayload, scopesClaim: string): Caller | undefined {
  if (typeof claims.sub !== 'string' || claims.sub === '') return undefined;
  const given = Object.hasOwn(claims, scopesClaim) ? claims[scopesClaim] : undefined;
  const words: unknown[] = typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : [];
  return { name: `oidc:${claims.sub.slice(0, MAX_NAME)}`, scopes: SCOPES.filter(one => words.includes(one)) };
}

/** Knows who any of these knows, the first first; undefined where there are none. */
export function anyOf(ways: readonly (CallerOf | undefined)[]): CallerOf | undefined {
  const known = ways.filter(way => way !== undefined);
  if (known.length === 0) return undefined;
  return async authorization => {
    for (const way of known) {
      const caller = await way(authorization);
      if (caller !== undefined) return caller;
    }
    return undefined;
  };
}
