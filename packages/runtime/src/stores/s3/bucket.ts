/** A bucket and a prefix in it: which key of the server is which key of the store. */
import { omitUndefined } from '@kube-transform/sdk';
import { badPath, checkKey } from '../store-key.js';
import type { S3Client } from './aws-sdk.js';
import type { S3Location } from './s3-url.js';

const KEY_BYTES = 1024;

/** Where the objects of a store lie. */
export class Bucket {
  /** As people are told: `s3://bucket/prefix`. */
  readonly name: string;
  readonly location: S3Location;
  readonly client: S3Client;

  #asked: Promise<void> | undefined;

  /** @param isTried another process has asked whether the server keeps conditions. */
  constructor(location: S3Location, client: S3Client, isTried: boolean) {
    if (isTried) this.#asked = Promise.resolve();
    this.location = location;
    this.client = client;
    this.name = `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, '');
  }

  /** Checks a key of the store, and says what to ask the server for. @throws KtError `BAD_PATH`. */
  at(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    const whole = this.location.prefix + key;
    if (whole.length * 3 > KEY_BYTES && Buffer.byteLength(whole) > KEY_BYTES)
      throw badPath(
        key,
        `has more than ${KEY_BYTES} bytes, with the prefix of the store`,
        'Use shorter names.',
      );
    return { Bucket: this.location.bucket, Key: whole };
  }

  /** Asks once for all who use this store; does not ask where another process has. */
  keepsConditions(ask: () => Promise<void>): Promise<void> {
    this.#asked ??= ask().catch((error: unknown) => {
      this.#asked = undefined;
      throw error;
    });
    return this.#asked;
  }

  /** How the server is to encrypt what is put. */
  get encryption(): { ServerSideEncryption?: 'AES256' | 'aws:kms'; SSEKMSKeyId?: string } {
    const { sse, kmsKey } = this.location;
    return omitUndefined({ ServerSideEncryption: sse, SSEKMSKeyId: kmsKey });
  }
}
