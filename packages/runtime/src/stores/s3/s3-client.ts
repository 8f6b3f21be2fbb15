/*
 * Makes the client that asks a server: where it is, how requests are signed, when they are made again.
 *
 * 1. What may pass (no connection, a time-out, throttling, a failure of the server) is tried again for half a
 *    minute, with pauses that grow; a server that has never answered only for a second, so that a wrong
 *    address is soon told.
 * 2. A connection on which nothing moves for 30 s is given up.
 * 3. So many requests are under way at once, others wait here: what waits within the client for a connection
 *    is given up after the time that a server has to accept one.
 */
import pLimit from 'p-limit';
import { omitUndefined } from '@kube-transform/sdk';
import { CONNECTIONS, pauseMs, SILENT_MS, TRIES, TRIES_AT_FIRST } from '../retries.js';
import { S3Client } from './aws-sdk.js';
import { statusOf } from './s3-errors.js';
import type { S3Location } from './s3-url.js';

/** Makes the client of a location. */
export function s3Client(location: S3Location): S3Client {
  const endpoint =
    location.endpoint ?? (process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL'] || undefined);
  const isOther = endpoint !== undefined && !/\.amazonaws\.com(\.cn)?\/?$/i.test(endpoint);
  // Which versions of Node its next versions want is no matter of whoever runs a pipeline.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const agent = { keepAlive: true, maxSockets: Infinity, maxFreeSockets: CONNECTIONS };
  const client = new S3Client({
    ...omitUndefined({ endpoint, region: location.region ?? regionOf(isOther) }),
    forcePathStyle: location.pathStyle ?? isOther,
    // Other servers do not take a checksum that comes behind a stream.
    ...(isOther
      ? { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }
      : {}),
    retryStrategy: retryStrategy(),
    requestHandler: {
      connectionTimeout: 5000,
      socketTimeout: SILENT_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(location.anonymous
      ? {
          credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
          signer: { sign: async (request: object) => request as never },
        }
      : {}),
  });
  const limit = pLimit(CONNECTIONS);
  // Within each try, and before it is signed: a signature must not grow old.
  const inTurn =
    <Args, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args): Promise<Result> =>
      limit(() => next(args));
  client.middlewareStack.addRelativeTo(inTurn, {
    ...{ name: 'connections', relation: 'before', toMiddleware: 'httpSigningMiddleware' },
  });
  if (location.requesterPays)
    client.middlewareStack.add(
      next => args => {
        const { headers } = args.request as { headers: Record<string, string> };
        headers['x-amz-request-payer'] = 'requester';
        return next(args);
      },
      { step: 'build', name: 'requesterPays' },
    );
  return client;
}

/** Other servers mostly do not care; AWS's own is found by the client. */
const regionOf = (isOther: boolean): string | undefined =>
  isOther ? process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || 'us-east-1' : undefined;

interface Token {
  getRetryCount(): number;
  getRetryDelay(): number;
}

const token = (count: number): Token => ({
  getRetryCount: () => count,
  getRetryDelay: () => (count === 0 ? 0 : pauseMs(count)),
});

/** Tries again what may pass. */
function retryStrategy() {
  let hasAnswered = false;
  return {
    acquireInitialRetryToken: async () => token(0),
    refreshRetryTokenForRetry: async (last: Token, info: { errorType: string; error?: unknown }) => {
      if (statusOf(info.error) !== undefined) hasAnswered = true;
      const tries = last.getRetryCount() + 1;
      if (info.errorType === 'CLIENT_ERROR' || tries >= (hasAnswered ? TRIES : TRIES_AT_FIRST))
        throw new Error('It is not tried again.');
      return token(tries);
    },
    recordSuccess: () => {
      hasAnswered = true;
    },
  };
}
