// A bucket as the store of the runs that are broken: `KT_OBJECTSTORE` names the program that starts its server.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openStore } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';

const server = (...args) => promisify(execFile)(process.env.KT_OBJECTSTORE, args);
const SECRET = 'bucket-keys';

/** What a bucket can do to the runs in it. */
export const BUCKET_FAULTS = {
  'the S3 server killed, back after 15 s': async () => {
    await server('stop', 's3');
    await systemClock.sleep(15_000);
    await server('start', 's3');
    return true;
  },
};

/** A place (see openPlace) whose runs keep everything in a bucket: no volume, credentials from a Secret. */
export async function inBucket(place) {
  await server('up', 's3');
  const { stdout } = await server('env', 's3');
  const env = Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
  );
  const { KT_S3_BUCKET, KT_S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
  const query = new URLSearchParams({ endpoint: KT_S3_ENDPOINT });
  const url = `s3://${KT_S3_BUCKET}/chaos-${systemClock.randomId(8)}?${query}`;
  await place.api.create(`/api/v1/namespaces/${place.namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SECRET },
    stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
  });
  return {
    ...place,
    store: await openStore(url),
    settings: { ...place.settings, store: url, volume: null, storeSecret: SECRET },
  };
}
