/**
 * What is asked of the pod that has a volume, and what it answers. Both sides are the same kt.
 *
 * A session is a stream of frames in each direction, with one request at a time. After the request of a put
 * or an append come the pieces of the file and an end; after the answer to a get likewise. An answer that is
 * an error may come in their place.
 */
import type { Problem } from '@kube-transform/sdk';
import { PROBLEM } from '../../parse/failure-cause.js';
import { Format } from '../../parse/format.js';
import { count, flag, keyed, list, nullOr, number, record, text, variant, yes } from '../../parse/shapes.js';
import type { ListEntry, ObjectInfo } from '../../ports/index.js';

/** A request: a call of a store. */
export type VolumeRequest =
  | { op: 'list'; prefix: string; isFlat: boolean; startAfter: string | null; limit: number }
  | { op: 'head'; key: string }
  | { op: 'get'; key: string; start: number; end: number }
  | { op: 'put'; key: string; ifAbsent: boolean; ifMatch: string | null }
  | { op: 'append'; key: string }
  | { op: 'delete'; keys: string[] }
  | { op: 'deleteBelow'; prefix: string }
  | { op: 'copy'; from: string; to: string };

/** An answer. */
export type VolumeAnswer =
  | { entries: { entries: ListEntry[]; isWhole: boolean } }
  | { object: ObjectInfo | null }
  | { etag: string | null }
  | { done: true }
  | { error: readonly Problem[] };

const SAID = { code: 'BAD_VOLUME_POD', hint: 'Something else speaks in its place: try again.' };

/** A request as it goes over the wire. */
export const VOLUME_REQUEST = new Format<VolumeRequest>({
  ...SAID,
  name: 'request for a volume',
  shape: variant<VolumeRequest, 'op'>('op', {
    list: { prefix: text, isFlat: flag, startAfter: nullOr(text), limit: count },
    head: { key: text },
    get: { key: text, start: count, end: count },
    put: { key: text, ifAbsent: flag, ifMatch: nullOr(text) },
    append: { key: text },
    delete: { keys: list(text) },
    deleteBelow: { prefix: text },
    copy: { from: text, to: text },
  }),
});

const OBJECT = record<ObjectInfo>({ key: text, size: count, modifiedMs: number, etag: text });

/** An answer as it goes over the wire. */
export const VOLUME_ANSWER = new Format<VolumeAnswer>({
  ...SAID,
  name: 'answer of the pod of a volume',
  shape: keyed<VolumeAnswer>({
    entries: record<Extract<VolumeAnswer, { entries: object }>>({
      entries: record<{ entries: ListEntry[]; isWhole: boolean }>({
        entries: list(
          variant<ListEntry, 'type'>('type', { object: { object: OBJECT }, prefix: { prefix: text } }),
        ),
        isWhole: flag,
      }),
    }),
    object: record<Extract<VolumeAnswer, { object: unknown }>>({ object: nullOr(OBJECT) }),
    etag: record<Extract<VolumeAnswer, { etag: unknown }>>({ etag: nullOr(text) }),
    done: record<Extract<VolumeAnswer, { done: true }>>({ done: yes }),
    error: record<Extract<VolumeAnswer, { error: unknown }>>({ error: list(PROBLEM) }),
  }),
});
