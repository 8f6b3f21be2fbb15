/** Fetches over HTTP, and tries again where that may help. */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { messageOf } from '@kube-transform/runtime/internal';

/** An answer with all of its body. */
export interface Answer {
  status: number;
  ok: boolean;
  headers: Headers;
  bytes: Uint8Array;
}

/** Which registry is called, and how often. */
export interface RegistryCalls {
  /** The registry, for messages. */
  registry: string;
  clock: Pick<Clock, 'sleep'>;
  /** Default 4. */
  attempts?: number | undefined;
}

export const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const NOT_TLS = /^(ERR_SSL_|EPROTO)/;
const BAD_CERTIFICATE = /CERT|UNABLE_TO_|ERR_TLS_/;

/** How long to wait after so many failures. */
export const pauseMs = (failures: number): number => FIRST_PAUSE_MS * 2 ** failures;

/**
 * Asks until there is an answer that is not "later": 429 or 5xx. After the last attempt that is the answer.
 *
 * @throws KtError `REGISTRY_UNREACHABLE` where there is none; at once where asking again cannot help.
 */
export async function retryingFetch(
  url: string,
  init: RequestInit,
  { registry, clock, attempts = ATTEMPTS }: RegistryCalls,
): Promise<Answer> {
  for (let failures = 0; ;) {
    try {
      const answer = await whole(url, init);
      if ((answer.status < 500 && answer.status !== 429) || ++failures >= attempts) return answer;
    } catch (error) {
      const code = codeOf(error);
      if (++failures >= attempts || NOT_TLS.test(code) || BAD_CERTIFICATE.test(code) || code === 'ENOTFOUND')
        throw registryUnreachable(error, { registry, url });
    }
    await clock.sleep(pauseMs(failures));
  }
}

async function whole(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, init);
  return {
    status: answer.status,
    ok: answer.ok,
    headers: answer.headers,
    bytes: new Uint8Array(await answer.arrayBuffer()),
  };
}

/** What lies beneath `fetch failed`. */
const underlying = (error: unknown): Error | undefined =>
  error instanceof Error ? ((error.cause as Error | undefined) ?? error) : undefined;
const codeOf = (error: unknown): string => (underlying(error) as { code?: string } | undefined)?.code ?? '';

function registryUnreachable(error: unknown, { registry, url }: { registry: string; url: string }): KtError {
  const { origin, protocol } = new URL(url);
  const code = codeOf(error);
  const cause = underlying(error);
  const said = (cause?.message || code || messageOf(error)).trim().replace(/\.$/, '');
  return new KtError(
    {
      code: 'REGISTRY_UNREACHABLE',
      path: registry,
      message: `The registry at ${origin} does not answer: ${said}.`,
      hint: unreachableHint(code, protocol),
    },
    { cause: error },
  );
}

function unreachableHint(code: string, protocol: string): string {
  if (BAD_CERTIFICATE.test(code))
    return 'Node does not know who signed its certificate: name a file with that in NODE_EXTRA_CA_CERTS.';
  if (code === 'ENOTFOUND') return 'Is its name right, and can it be reached from here?';
  return protocol === 'https:'
    ? 'Is it one that speaks plain HTTP? Then say so: --insecure-registry.'
    : 'Is it up, and can it be reached from here?';
}
