/*
 * The standard output of a pod, which Kubernetes reads as its log.
 *
 * SO1 It is a pipe that may be full, and does not wait where `process.stdout` has been used: whoever reads it
 *     is waited for here.
 * - A line is written whole or is the last: where nobody reads for long, or nobody can, nothing more is
 *   written. What matters is in the store.
 */
import { quietly } from '../parse/stored-value.js';

// Its exports as a module load all streams: a worker's start is not slowed.
const { write, writeSync } = process.getBuiltinModule('node:fs');

const PAUSE_MS = 5;
const MAX_WAIT_MS = 30_000;
/** Never changed: what is waited on. */
const pause = new Int32Array(new SharedArrayBuffer(4));
/** Of the process, as its standard output is: nobody reads it any more. */
let closed = false;

/** What JSON leaves as it is, and a terminal that shows the log of a pod obeys. */
const OBEYED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const CONTROLS = /[^\P{Cc}\n\t]/gu;

/** Writes a value as a line of JSON. */
export const printLine = (value: object): boolean =>
  printBytes(Buffer.from(`${JSON.stringify(value).replaceAll(OBEYED, escaped)}\n`));

const escaped = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Writes a line of a log; `more` goes beside the message. Past `console`, which may be logging for an item.
 */
export const printLog = (level: 'info' | 'warn' | 'error', message: string, more: object = {}): boolean =>
  // eslint-disable-next-line no-restricted-syntax -- a stamp
  printLine({ level, message, t: Date.now(), ...more });

/**
 * Writes a line on standard error, as far as somebody reads it, without what a terminal obeys. Past
 * `process.stderr`, which may be logging for an item.
 */
export const printAside = (text: string): void =>
  void quietly(() => writeSync(2, `${text.replaceAll(CONTROLS, '').replaceAll(OBEYED, '')}\n`));

/** Writes bytes, and lets other things go on until somebody has read them. Rejects where nobody can. */
export async function sendBytes(body: Uint8Array): Promise<void> {
  for (let at = 0; at < body.length;) {
    at += await new Promise<number>((resolve, reject) => {
      write(1, body, at, body.length - at, null, (error, count) => {
        if (error === null) resolve(count);
        else if (error.code === 'EAGAIN') setTimeout(resolve, PAUSE_MS, 0);
        else reject(error);
      });
    });
  }
}

/** Writes bytes; false where they are not all written. */
export function printBytes(
  body: Uint8Array,
  put: (body: Uint8Array, from: number) => number = (bytes, from) => writeSync(1, bytes, from),
): boolean {
  let waitedMs = 0;
  for (let at = 0; at < body.length && !closed;) {
    try {
      at += put(body, at);
      waitedMs = 0;
    } catch (error) {
      closed = (error as NodeJS.ErrnoException).code !== 'EAGAIN' || (waitedMs += PAUSE_MS) > MAX_WAIT_MS;
      if (!closed) Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
  return !closed;
}
