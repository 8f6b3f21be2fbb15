/** Signs URLs of objects of a bucket, by what the client signs its requests with. */
import type { UrlGrant } from '../../ports/index.js';
import { noSignedUrl } from '../store-errors.js';
import { escaped } from '../store-url.js';
import { GetObjectCommand } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { s3Failed } from './s3-errors.js';

/** A request as the client makes it, and signs it into its query. */
interface Signable {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  method: string;
  headers: Record<string, string>;
  query: Record<string, string | string[] | null>;
  body?: unknown;
}
interface Presigner {
  presign(request: Signable, options: { expiresIn: number }): Promise<Signable>;
}

/** A URL with which anybody reads or puts an object. @throws KtError `SIGNING_UNSUPPORTED`. */
export async function signedUrl(
  bucket: Bucket,
  key: string,
  { method, expiresInSeconds }: UrlGrant,
): Promise<string> {
  const { anonymous, sse, requesterPays } = bucket.location;
  if (anonymous)
    return noSignedUrl(key, bucket.name, {
      why: 'it was opened with anonymous=true',
      hint: 'Leave that out, so that there are credentials to sign with.',
    });
  if (method === 'PUT' && sse !== undefined)
    return noSignedUrl(key, bucket.name, {
      why: `who puts by a URL does not encrypt as sse=${sse} says`,
      hint: 'Have the bucket encrypt by default, and open it without sse.',
    });
  try {
    const request = { ...(await requestFor(bucket, key)), method };
    const host = request.port === undefined ? request.hostname : `${request.hostname}:${request.port}`;
    request.headers = { host, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' };
    request.query = requesterPays ? { 'x-amz-request-payer': 'requester' } : {};
    const signer = (await bucket.client.config.signer()) as unknown as Presigner;
    const { path, query } = await signer.presign(request, { expiresIn: expiresInSeconds });
    const named = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`);
    return `${request.protocol}//${host}${path}?${named.join('&')}`;
  } catch (error) {
    throw s3Failed(error, 'sign a URL of', { store: bucket.name, key });
  }
}

/** The request by which the client would read an object, which it does not make. */
async function requestFor(bucket: Bucket, key: string): Promise<Signable> {
  const command = new GetObjectCommand(bucket.at(key));
  let request: Signable | undefined;
  command.middlewareStack.add(
    () => async args => {
      request = args.request as Signable;
      return { response: undefined, output: { $metadata: {} } };
    },
    { step: 'build', priority: 'high' },
  );
  await bucket.client.send(command);
  if (request === undefined) throw new Error('The client has made no request.');
  return request;
}
