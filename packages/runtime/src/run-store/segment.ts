/*
 * A segment as bytes: a line that says what it is, then the lines of the log.
 *
 * SG1 The first line holds its number, the sum of the segment before it, the length of what follows, and a
 *     sum of all of that: what was cut off, changed, or belongs elsewhere is told before a line is read.
 * - Logs of format 1 have no such line: their sum is that of all their bytes, and each must end with a line
 *   break. What is appended to them later follows their last segment by that sum.
 */
import { sha256 } from '../process/sha256.js';
import { type KtError, omitUndefined } from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import { broken } from '../parse/parse-json.js';
import { count, optional, positive, record, text } from '../parse/shapes.js';
import { eachLineIn } from '../streams/lines.js';
import { originOf } from './layout.js';

/** What the first line of a segment says. */
export interface SegmentHead {
  /** Its number in the log, from 1. */
  segment: number;
  /** The sum of the segment before; empty where there is none. */
  after: string;
  /** Of the driver that wrote it; in journals. */
  epoch?: number;
  /** The pod of Kubernetes whose doing the lines are. */
  pod?: string;
  /** Of the lines, with their breaks. */
  bytes: number;
  sum: string;
}

/** A segment that was read. */
export interface Segment {
  key: string;
  /** What the next one follows. */
  sum: string;
  /** 0 where it says none. */
  epoch: number;
  /** The pod of Kubernetes that it is of, where it says so. */
  pod?: string | undefined;
  /** Decoded as they are asked for. */
  lines: Iterable<string>;
  /** All of it, as it is stored. */
  raw: Uint8Array;
  /** The number of the first line in its file. */
  firstLine: number;
}

/** Where a segment has its place: its number, and the sum of the one before; undefined: not known. */
export interface Place {
  number: number;
  after: string | undefined;
}

const HEAD = new Format<SegmentHead>({
  name: 'run',
  code: 'BAD_RUN',
  hint: 'Restore the file, or see what is whole: kt verify RUN.',
  latest: 2,
  shape: record<SegmentHead>({
    segment: positive,
    after: text,
    epoch: optional(count),
    pod: optional(text),
    bytes: count,
    sum: text,
  }),
});

const encoder = new TextEncoder();
const BEGIN = encoder.encode('{"format":');
const BREAK = 10;
/** 96 bits, in letters. */
const SUM_LETTERS = 16;

/** A sum of bytes, and of a text before them. */
export function sumOf(bytes: Uint8Array, before = ''): string {
  return sha256(before, bytes).toString('base64url').slice(0, SUM_LETTERS);
}

/** The sum of a segment: of its lines, and of what its first line says. */
const sumWith = (
  { number, after, epoch }: { number: number; after: string; epoch: number },
  body: Uint8Array,
): string =>
  sumOf(
    body,
    `${number} ${after} ${epoch}
`,
  );

/** The bytes of a segment, and its sum. */
export function segmentBytes(
  { number, after, pod }: { number: number; after: string; pod?: string | undefined },
  body: Uint8Array,
  epoch: number | undefined,
): { bytes: Uint8Array; sum: string } {
  const sum = sumWith({ number, after, epoch: epoch ?? 0 }, body);
  const told = omitUndefined({ epoch, pod });
  const head = encoder.encode(`${HEAD.text({ segment: number, after, ...told, bytes: body.length, sum })}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return { bytes, sum };
}

/** Reads a segment. @throws KtError `BAD_RUN` where it is cut off, changed, or not the one of its place. */
export function parseSegment(key: string, bytes: Uint8Array, place: Place): Segment {
  return hasHead(bytes) ? withHead(key, bytes, place) : withoutHead(key, bytes);
}

const hasHead = (bytes: Uint8Array): boolean => BEGIN.every((byte, i) => bytes[i] === byte);

function withHead(key: string, bytes: Uint8Array, { number, after }: Place): Segment {
  const end = bytes.indexOf(BREAK);
  if (end < 0) throw damaged(key, 'it is cut off within its first line');
  const head = HEAD.parse(bytes.subarray(0, end), key);
  const body = bytes.subarray(end + 1);
  const { segment, epoch = 0, sum, pod } = head;
  if (body.length < head.bytes) throw damaged(key, `it has ${body.length} of its ${head.bytes} bytes`);
  if (body.length > head.bytes || sum !== sumWith({ number: segment, after: head.after, epoch }, body))
    throw damaged(key, 'it is not what was written');
  if (segment !== number) throw damaged(key, `it is segment ${segment}, and should be ${number}`);
  if (after !== undefined && head.after !== after)
    throw damaged(key, `it follows another segment ${number - 1} than the one that is there`);
  return { key, sum, epoch, pod, lines: eachLineIn(body), raw: bytes, firstLine: 2 };
}

function withoutHead(key: string, bytes: Uint8Array): Segment {
  if (bytes.length === 0) throw damaged(key, 'it is empty');
  const lines = eachLineIn(bytes);
  if (bytes.at(-1) !== BREAK)
    throw damaged(`${key} line ${[...lines].length}`, 'it is cut off within a line');
  return { key, sum: sumOf(bytes), epoch: 0, lines, raw: bytes, firstLine: 1 };
}

/** What is said of a segment that cannot be read. */
export const damaged = (key: string, why: string): KtError => broken(originOf(key), why);
