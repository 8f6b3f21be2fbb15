/** What is answered where a request fails: the right status, and a sentence as JSON. */
import { isKtError, type Problem } from '@kube-transform/sdk';
import { isKubeError } from '@kube-transform/runtime/kubernetes';
import { RUN_STATUSES } from '../runs/run-statuses.js';

/** A refusal. */
export interface Refusal {
  status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 431 | 500 | 503;
  body: { error: string; code: string; hint?: string; problems?: readonly Problem[] };
  headers?: Record<string, string>;
}

const STATUS: Record<string, Refusal['status']> = {
  ...RUN_STATUSES,
  UNKNOWN_DEFINITION: 404,
  UNKNOWN_JOB: 404,
  BAD_TEMPLATE: 400,
  NOT_A_JOB: 400,
  JOB_NOT_ALLOWED: 400,
  BAD_JOB_NAME: 400,
  BAD_LABEL: 400,
  BAD_ARRAY_SIZE: 400,
  BAD_REQUEST: 400,
  BAD_DEPENDENCY: 400,
  BAD_PLACE: 400,
  NO_ARRAY_JOB: 400,
  NO_TOKEN: 401,
  MISSING_SCOPE: 403,
  NOT_FOUND: 404,
  BAD_METHOD: 405,
  DEPENDENCY_FAILED: 409,
  JOB_RUNS: 409,
  KEY_IN_USE: 409,
  BODY_TOO_LARGE: 413,
  NOT_JSON: 415,
  TOO_MANY: 429,
  KEYS_UNREACHABLE: 503,
  TOO_MANY_FOLLOWERS: 503,
  ENDING: 503,
};

const MAX_PROBLEMS = 100;

/** A refusal in words of ours. */
export function refusal(
  code: keyof typeof STATUS,
  error: string,
  more: { hint?: string; headers?: Record<string, string> } = {},
): Refusal {
  const { hint, headers } = more;
  const status = STATUS[code] ?? 500;
  return {
    status,
    body: { error, code, ...(hint === undefined ? {} : { hint }) },
    ...(headers === undefined ? {} : { headers }),
  };
}

/** What is answered to an error; `isOurs`: it is none of the caller's doing, and somebody should look. */
export function answerTo(error: unknown): Refusal & { isOurs: boolean } {
  if (!isKtError(error))
    return {
      status: 500,
      body: { error: 'The server failed: its log says why.', code: 'SERVER_FAILED' },
      isOurs: true,
    };
  const sentences = error.problems.map(({ path, message }) =>
    path === '' || isKubeError(error) || message.includes(path) ? message : `${path}: ${message}`,
  );
  const hint = error.problems[0]?.hint;
  const hasPlaces = !isKubeError(error) && error.problems.some(({ path }) => path !== '');
  const body = {
    error: sentences.join(' '),
    code: error.code,
    ...(hint === undefined ? {} : { hint }),
    ...(hasPlaces ? { problems: error.problems.slice(0, MAX_PROBLEMS) } : {}),
  };
  if (!isKubeError(error)) {
    const status = STATUS[error.code] ?? 500;
    return { status, body, isOurs: status >= 500 };
  }
  const retryAfter = { 'Retry-After': String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))) };
  // A right that the server lacks is no fault of who asks; a quota or a policy is told as it is.
  if (error.code === 'CLUSTER_FORBIDDEN') return { status: 503, body, isOurs: true };
  if (error.status === 403) return { status: 403, body, isOurs: false };
  if (error.status === 429) return { status: 429, body, headers: retryAfter, isOurs: false };
  if (error.status === 400 || error.status === 422) return { status: 400, body, isOurs: false };
  if (error.status === 409) return { status: 409, body, isOurs: false };
  return { status: 503, body, headers: retryAfter, isOurs: true };
}
