/**
 * A large object up to a bucket and down again, through the store beside a bare loop over the AWS SDK with the
 * same settings; and small puts, through the store beside the same SDK.
 *
 * KT_BENCH_STORE is the URL of a folder in a bucket (`s3://…`); KT_BENCH_GIB says how large (default: 1).
 */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { openStore } from '@kube-transform/runtime';
import { compare } from './compare.mjs';

const MIB = 2 ** 20;
const PART_BYTES = 8 * MIB;
const PARTS_AT_ONCE = 3;
const PUTS = 500;
const PUTS_AT_ONCE = 16;
/** Streams may take a quarter longer. */
const GOAL = 1.25;
const block = randomBytes(MIB);
const line = randomBytes(100);

async function* blocks(mib) {
  for (let i = 0; i < mib; i++) yield block;
}

async function bytesOf(chunks) {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

async function puts(put) {
  const lane = async (_, first) => {
    for (let n = first; n < PUTS; n += PUTS_AT_ONCE) await put(`puts/${n}`);
  };
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, lane));
}

/** The SDK, with the settings of the store's own client. */
function bareClient(url) {
  const [, bucket, prefix, query] = /^s3:\/\/([^/?]+)\/?([^?]*)\??(.*)$/.exec(url) ?? [];
  const endpoint = new URLSearchParams(query).get('endpoint') ?? undefined;
  const agent = { keepAlive: true, maxSockets: 64 };
  const client = new S3Client({
    requestHandler: { httpAgent: agent, httpsAgent: agent },
    ...(endpoint === undefined
      ? {}
      : {
          ...{ endpoint, forcePathStyle: true, region: process.env.AWS_REGION || 'us-east-1' },
          ...{ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
        }),
  });
  return { client, of: key => ({ Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` }) };
}

export async function benchBucket() {
  const url = process.env.KT_BENCH_STORE ?? '';
  if (!url.startsWith('s3://')) throw new Error('KT_BENCH_STORE must be the URL of a bucket: s3://…');
  const mib = 1024 * Number(process.env.KT_BENCH_GIB ?? 1);
  const store = await openStore(url);
  const { client, of } = bareClient(url);
  const upload = Body =>
    new Upload({
      ...{ client, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE },
      params: { ...of('bare'), Body: Readable.from(Body, { objectMode: false }) },
    }).done();
  const mustBe = bytes => {
    if (bytes !== mib * MIB) throw new Error(`${bytes} bytes came, and not ${mib * MIB}.`);
  };
  const per = (name, { medianMs, baselineMs, ratio, ...row }) => ({
    ...{ ...row, name, medianMs, baselineMs, ratio, goal: GOAL },
    note: `${(mib / (medianMs / 1000)).toFixed(0)} MiB/s, bare ${(mib / (baselineMs / 1000)).toFixed(0)} MiB/s: ${(1 / ratio).toFixed(2)} of it`,
  });
  try {
    await store.put('ours', blocks(64));
    await upload(blocks(64));
    const up = await compare({
      ...{ runs: 3, warmUp: 0 },
      ours: () => store.put('ours', blocks(mib)),
      bare: () => upload(blocks(mib)),
    });
    const down = await compare({
      ...{ runs: 3, warmUp: 0 },
      ours: async () => mustBe(await bytesOf(store.stream('ours'))),
      bare: async () => mustBe(await bytesOf((await client.send(new GetObjectCommand(of('ours')))).Body)),
    });
    const small = await compare({
      ...{ runs: 5, warmUp: 1 },
      ours: () => puts(key => store.put(key, line)),
      bare: () => puts(key => client.send(new PutObjectCommand({ ...of(key), Body: line }))),
    });
    return [
      per(`${mib / 1024} GiB up to a bucket / the AWS SDK`, up),
      per(`${mib / 1024} GiB down from it / the AWS SDK`, down),
      { name: `${PUTS} puts, ${PUTS_AT_ONCE} at once / the AWS SDK`, goal: GOAL, ...small },
    ];
  } finally {
    await store.delete(['ours', 'bare', ...Array.from({ length: PUTS }, (_, n) => `puts/${n}`)]);
    await store[Symbol.asyncDispose]();
    client.destroy();
  }
}
