/**
 * Real object-store servers for tests: `KT_OBJECTSTORE` names the program that starts them; without it their
 * tests are skipped.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openStore } from '../../packages/runtime/src/open-store.js';

const program = process.env['KT_OBJECTSTORE'];

/** Whether there are servers. */
export const hasServers = program !== undefined;

/** Tells the program that starts servers what to do. */
export const servers = (...args: string[]): string =>
  execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Starts a server and gives this process its credentials; the URL of a new folder in its bucket. */
export function newPlace(name: string): string {
  servers('up', name);
  const env = Object.fromEntries(
    [...servers('env', name).matchAll(/^export (\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  );
  for (const [key, value] of Object.entries(env)) if (/^AWS_/.test(key)) process.env[key] = value;
  const [scheme, kind] = name === 'gcs' ? ['gs', 'GCS'] : ['s3', 'S3'];
  const query = new URLSearchParams({ endpoint: env[`KT_${kind}_ENDPOINT`] ?? '' });
  // Nobody asks who somebody is.
  if (scheme === 'gs') query.set('anonymous', 'true');
  return `${scheme}://${env[`KT_${kind}_BUCKET`]}/${name}-${randomUUID()}?${query.toString()}`;
}

/** Opens an empty store on a server, for contracts. */
export const emptyStoreOn = (server: string) => async () => {
  const place = await openPlace(server);
  const store = await openStore(place.url);
  const close = async (): Promise<void> => {
    await store[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  };
  return { store, close };
};

/** A new place on any server that tests know; what was started for it alone ends with it. */
export async function openPlace(name: string): Promise<AsyncDisposable & { url: string }> {
  if (name === 'azurite') return (await import('./azurite.js')).newAzurePlace();
  return { url: newPlace(name), [Symbol.asyncDispose]: async () => undefined };
}
