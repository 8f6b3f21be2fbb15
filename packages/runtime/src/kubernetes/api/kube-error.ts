/** What the API server refuses, or why it cannot be asked, as an error that says what to do. */
import { KtError, omitUndefined, type Problem } from '@kube-transform/sdk';
import { parsePath } from './paths.js';
import { statusIn } from './answers.js';
import type { ApiStatus } from './objects.js';

const KUBE_ERROR = Symbol.for('kube-transform.kube-error');

/** What was asked of whom. */
export interface KubeCall {
  method: string;
  /** Without query. */
  path: string;
  /** Name of the object in the body, where the path has none. */
  objectName?: string;
  /** Whether `path` is watched. */
  watch?: boolean;
  to: { readonly server: string; readonly name: string };
}

interface KubeErrorDetails {
  status: number;
  reason: string;
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * A call to the API server that failed. Recognise it with {@link isKubeError}.
 *
 * Codes: `CLUSTER_UNREACHABLE`, `CLUSTER_UNAUTHORIZED` (401), `CLUSTER_FORBIDDEN` (403 for want of a role),
 * `CLUSTER_REFUSED` (any other 4xx), `NAMESPACE_MISSING`, `CLUSTER_BUSY` (429), `CLUSTER_FAILED` (5xx).
 */
export class KubeError extends KtError {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The server's word, such as "AlreadyExists", or the system's, such as "ECONNREFUSED". */
  readonly reason: string;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;
  readonly [KUBE_ERROR] = true;

  constructor(problems: Problem | readonly Problem[], details: KubeErrorDetails) {
    super(problems, 'cause' in details ? { cause: details.cause } : {});
    this.name = 'KubeError';
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * True for every {@link KubeError}, whichever copy of the class made it; with a status, for those that have
 * it.
 */
export function isKubeError(value: unknown, status?: number): value is KubeError {
  return (
    typeof value === 'object' &&
    value !== null &&
    KUBE_ERROR in value &&
    (status === undefined || (value as KubeError).status === status)
  );
}

/** True where no role allows a call; one may, a moment later, where somebody is just replacing it. */
export function isMissingRight(value: unknown): value is KubeError {
  return isKubeError(value, 403) && value.code === 'CLUSTER_FORBIDDEN';
}

/** The server did not answer, or not to the end. */
export function unreachable(call: KubeCall, error: unknown): KubeError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const reason = typeof code === 'string' ? code : 'UNKNOWN';
  const said = (typeof message === 'string' && message !== '' ? message : reason).replace(/\.$/, '');
  return new KubeError(
    {
      code: 'CLUSTER_UNREACHABLE',
      path: pathOf(call),
      message: `The cluster "${call.to.name}" at ${call.to.server} does not answer: ${said}.`,
      hint: isAboutTrust(reason)
        ? "The server's certificate is not trusted: check the server's address, certificate-authority and tls-server-name of the kubeconfig."
        : 'Is the cluster up, and can it be reached from here? See `kubectl cluster-info`.',
    },
    { status: 0, reason, cause: error },
  );
}

/** The server answered with an error. */
export function refused(
  call: KubeCall,
  answer: { status: number; text: string; retryAfterMs?: number },
): KubeError {
  const said = statusIn(answer.text) ?? inWords(answer.text);
  const details: KubeErrorDetails = { status: answer.status, reason: said.reason ?? '' };
  const retryAfterMs =
    answer.retryAfterMs ??
    (said.details?.retryAfterSeconds === undefined ? undefined : said.details.retryAfterSeconds * 1000);
  if (retryAfterMs !== undefined) details.retryAfterMs = retryAfterMs;
  return new KubeError(problemsOf(call, answer.status, said), details);
}

/** `POST jobs/name`. */
export function pathOf({ method, path, objectName }: KubeCall): string {
  const { resource, name = objectName } = parsePath(path);
  return `${method} ${resource}${name === undefined ? '' : `/${name}`}`;
}

function problemsOf(call: KubeCall, status: number, said: ApiStatus): Problem | Problem[] {
  const path = pathOf(call);
  const text = (said.message ?? `HTTP status ${status}`).replace(/\.$/, '');
  const message = `The cluster "${call.to.name}" answered ${status}${said.reason ? ` ${said.reason}` : ''}: ${text}.`;
  const problem = (code: string, hint?: string): Problem => ({
    code,
    path,
    message,
    ...omitUndefined({ hint }),
  });
  const missing = /namespaces "([^"]+)" not found/.exec(text);
  if (status === 401)
    return problem(
      'CLUSTER_UNAUTHORIZED',
      'The credentials are missing or have expired: log in to the cluster again.',
    );
  if (status === 403) return forbidden(call, path, text);
  if (status === 404 && missing !== null) {
    return problem(
      'NAMESPACE_MISSING',
      `Make it with \`kubectl create namespace ${missing[1] ?? ''}\`, or use another one.`,
    );
  }
  if (status === 429) return problem('CLUSTER_BUSY', 'Try again later, or ask the cluster for less at once.');
  if (status >= 500)
    return problem(
      'CLUSTER_FAILED',
      'The fault is within the cluster: try again later, and see the logs of its API server.',
    );
  const causes = (said.details?.causes ?? []).filter(
    cause => cause.field !== undefined && cause.message !== undefined,
  );
  if (status !== 422 || causes.length === 0) return problem('CLUSTER_REFUSED');
  return causes.map(cause => ({
    code: 'CLUSTER_REFUSED',
    path,
    message: `The cluster does not accept ${cause.field ?? ''}: ${cause.message ?? ''}`,
  }));
}

/** A 403 is either a right that is missing, or a rule of the namespace: a quota, a policy, its deletion. */
function forbidden(call: KubeCall, path: string, text: string): Problem {
  const asked = parsePath(call.path);
  const known =
    /User "([^"]*)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?:.* namespace "([^"]+)")?/.exec(
      text,
    );
  if (
    known === null &&
    !/cannot /.test(text) &&
    /exceeded quota|violates PodSecurity|being terminated|admission webhook|denied the request/.test(text)
  ) {
    const hint = text.includes('being terminated')
      ? 'The namespace is being deleted: wait until it is gone and make it again, or use another one.'
      : 'A quota or policy of the namespace does not allow it: ask for less, or ask who looks after the namespace.';
    return {
      code: 'CLUSTER_REFUSED',
      path,
      message: `The cluster "${call.to.name}" does not allow this: ${text}.`,
      hint,
    };
  }
  const [
    ,
    user,
    verb = verbOf(call),
    resource = asked.resource,
    group = asked.group,
    namespace = asked.namespace,
  ] = known ?? [];
  const where = namespace === undefined ? '' : ` in namespace "${namespace}"`;
  const who = user === undefined ? 'These credentials' : `"${user}"`;
  const rule = `apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]`;
  return {
    code: 'CLUSTER_FORBIDDEN',
    path,
    message: `${who} may not ${verb} ${resource}${where} of the cluster "${call.to.name}"${known === null ? `: ${text}` : ''}.`,
    hint: `A ${namespace === undefined ? 'ClusterRole' : 'Role'} with the rule {${rule}} and a binding to it are needed.`,
  };
}

function verbOf({ method, path, watch }: KubeCall): string {
  const one = parsePath(path).name !== undefined;
  if (method === 'GET') return watch === true ? 'watch' : one ? 'get' : 'list';
  if (method === 'DELETE') return one ? 'delete' : 'deletecollection';
  return { POST: 'create', PUT: 'update' }[method] ?? method.toLowerCase();
}

/** What was said, where that is no Status. */
function inWords(text: string): ApiStatus {
  const shown = text.replaceAll(/<[^>]*>|\s+/g, ' ').trim();
  return { kind: 'Status', ...(shown === '' ? {} : { message: shown.slice(0, 200) }) };
}

const isAboutTrust = (reason: string): boolean => /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS/.test(reason);
