/** A server of tokens for a registry, as the distribution specification's token authentication has it. */
import { createSign } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testCertificate } from './registry-server.js';

/** What was asked of it. */
export interface TokenRequest {
  method: string;
  scopes: string[];
  service: string | null;
  /** `ada`, `refreshed` with an identity token, or null for nobody. */
  who: string | null;
}

/** A server that gives tokens; anybody may pull, and push who is known. */
export interface TokenServer extends AsyncDisposable {
  realm: string;
  certificate: string;
  requests: TokenRequest[];
  /** Statuses of its next answers. */
  failing: number[];
  /** How long its tokens last, in seconds; below 0 they have ended when they come. */
  lifetimes: number[];
}

const IDENTITY_TOKEN = 'identity-of-ada';
const LIFETIME_S = 300;

/**
 * Starts one on a port that is free. It takes `ada:correct-horse` and the identity token `identity-of-ada`.
 */
export async function startTokenServer(): Promise<TokenServer> {
  const { key, certificate } = testCertificate();
  const requests: TokenRequest[] = [];
  const failing: number[] = [];
  const lifetimes: number[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const asked = await read(request);
      requests.push(asked);
      const failure = failing.shift() ?? (asked.who === 'stranger' ? 401 : undefined);
      if (failure !== undefined) {
        response
          .writeHead(failure, { 'content-type': 'application/json' })
          .end(JSON.stringify({ details: 'no' }));
        return;
      }
      const token = signed(asked, { key, certificate, lifetime: lifetimes.shift() ?? LIFETIME_S });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
    })();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    certificate,
    requests,
    failing,
    lifetimes,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

async function read(request: IncomingMessage): Promise<TokenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const method = request.method ?? '';
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const values = method === 'POST' ? form : new URL(request.url ?? '', 'http://x').searchParams;
  const basic = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  const known = basic === 'ada:correct-horse' ? 'ada' : basic === '' ? null : 'stranger';
  const refreshed = form.get('refresh_token') === IDENTITY_TOKEN ? 'refreshed' : 'stranger';
  // Scopes are parameters of their own in a query (Docker), and words of one in a form (OAuth 2).
  const scopes = method === 'POST' ? (form.get('scope') ?? '').split(' ') : values.getAll('scope');
  return { method, scopes, service: values.get('service'), who: method === 'POST' ? refreshed : known };
}

function signed(
  { scopes, who }: TokenRequest,
  { key, certificate, lifetime }: { key: string; certificate: string; lifetime: number },
): string {
  const access = scopes.map(scope => {
    const [, type, name, actions = ''] = /^(\w+):(.*):([\w,]+)$/.exec(scope) ?? [];
    return { type, name, actions: actions.split(',').filter(action => action === 'pull' || who !== null) };
  });
  const now = Math.floor(Date.now() / 1000);
  const body = {
    iss: 'test-issuer',
    sub: who ?? '',
    aud: 'test-registry',
    iat: now,
    nbf: now - 400,
    exp: now + lifetime,
    jti: 'test',
    access,
  };
  const der = certificate.replaceAll(/-----[^-]+-----|\s/g, '');
  const text = [{ typ: 'JWT', alg: 'RS256', x5c: [der] }, body]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}
