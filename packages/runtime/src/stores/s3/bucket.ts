/** A bucket and a prefix in it: which key of the server is which key of the store. */
import { omitUndefined } from '@kube-transform/sdk';
import { checkKeyIn } from '../store-key.js';
import type { S3Client } from './aws-sdk.js';
import type { S3Location } from './s3-url.js';

/** Where the objects of a store lie. */
export class Bucket {
  /** As people are told: `s3://bucket/prefix`. */
  readonly name: string;
  readonly location: S3Location;
  readonly client: S3Client;

  constructor(location: S3Location, client: S3Client) {
    this.location = location;
    this.client = client;
    this.name = `s3://${location.bucket}/${location.prefix}`.replace(/\/$/, '');
  }

  /** Checks a key of the store, and says what to ask the server for. @throws KtError `BAD_PATH`. */
  at(key: string): { Bucket: string; Key: string } {
    checkKeyIn(this.location.prefix, key);
    return this.of(key);
  }

  /** What to ask the server for, also for the marker of a folder. */
  of(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.location.bucket, Key: this.location.prefix + key };
  }

  /** How the server is to encrypt what is put. */
  get encryption(): { ServerSideEncryption?: 'AES256' | 'aws:kms'; SSEKMSKeyId?: string } {
    const { sse, kmsKey } = this.location;
    return omitUndefined({ ServerSideEncryption: sse, SSEKMSKeyId: kmsKey });
  }
}
