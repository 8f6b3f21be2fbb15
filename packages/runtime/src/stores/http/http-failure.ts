/** Why a request failed, as the server or the network says. */
import type { KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';
import { type Doing, storeFailed } from '../store-errors.js';

/** Statuses that may be others the next time. */
const PASSING = [408, 429, 500, 502, 503, 504];

/** What a server says of a failure, in its own words. */
export interface Told {
  code?: string | undefined;
  message?: string | undefined;
}

/** A request that failed for good. */
export class HttpFailure extends Error {
  /** The server's status; undefined where it has not answered. */
  readonly status: number | undefined;
  /** The server's or the system's word for what is wrong. */
  readonly code: string;
  /** Those of the answer. */
  readonly headers: Headers;
  /** How often the request was made. */
  tries = 1;

  constructor(message: string, told: { code: string; status?: number; headers?: Headers; cause?: unknown }) {
    super(message, { cause: told.cause });
    this.name = 'HttpFailure';
    this.code = told.code;
    this.status = told.status;
    this.headers = told.headers ?? new Headers();
  }
}

/** What an answer with a failing status says. */
export const failureOf = ({ status, statusText, headers }: Response, { code, message }: Told): HttpFailure =>
  new HttpFailure(
    message === undefined || message === ''
      ? `the server answered ${`${status} ${statusText}`.trim()}`
      : `${message} (${status})`,
    { code: code ?? String(status), status, headers },
  );

/** What `fetch` threw: it hides what happened in the cause. */
export function failureOnTheWay(error: unknown): HttpFailure {
  const { cause } = error as { cause?: unknown };
  const why = cause ?? error;
  const { code, name } = why as { code?: unknown; name?: unknown };
  const word = typeof code === 'string' ? code : name === 'TimeoutError' ? name : '';
  return new HttpFailure(messageOf(why), { code: word, cause: why });
}

/** The server's status; undefined where it has not answered. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof HttpFailure ? error.status : undefined;

/** True for what may be different when it is tried again. */
export const isPassing = (error: unknown): boolean =>
  error instanceof HttpFailure && (error.status === undefined || PASSING.includes(error.status));

/** A failed action as KtError `STORE_FAILED`, with hints by the server's code or status. */
export function httpFailed(error: unknown, doing: Doing, hints: Readonly<Record<string, string>>): KtError {
  const failure = error instanceof TypeError ? failureOnTheWay(error) : error;
  if (!(failure instanceof HttpFailure)) return storeFailed(error, doing, { code: '' });
  const { code, status } = failure;
  return storeFailed(failure, doing, { code, status, hint: hints[code] ?? hints[String(status)] });
}
