/** What a server is told by its environment: all that is wrong is said at once. */
import { KtError, type Problem } from '@kube-transform/sdk';
import type { TlsSettings } from './http/certificate.js';
import type { OidcSettings } from './http/oidc.js';
import { isWebhookUrl, type WebhookSettings } from './upkeep/webhook-request.js';

/** The environment, read. */
export interface ServerSettings {
  /** JOB_SIGNATURE: whose Jobs these are, the value of a label. */
  signature: string;
  /** JOB_NAMESPACE: where Jobs are made. */
  namespace: string;
  /** JOB_DEFINITIONS_CONFIG_PATH: the list of definitions. Undefined: they are given otherwise. */
  definitionsPath: string | undefined;
  /** IN_CLUSTER: the service account of the pod is used, and no kubeconfig. Default: false. */
  inCluster: boolean;
  /** JOB_RETENTION_PERIOD_SEC. Default 3600. */
  retentionSec: number;
  /** JOB_SERVER_HOST. Default 127.0.0.1. */
  host: string;
  /** JOB_SERVER_PORT. Default 5000. */
  port: number;
  /** JOB_SERVER_TOKENS_PATH: a list of tokens. Default: none are asked for. */
  tokensPath: string | undefined;
  /** JOB_SERVER_OIDC_…: JWTs of whom hold, beside the tokens. Default: nobody's. */
  oidc: OidcSettings | undefined;
  /** JOB_SERVER_TLS_CERT_PATH and …_KEY_PATH. Default: without TLS. */
  tls: TlsSettings | undefined;
  /** JOB_SERVER_WEBHOOK_URL and …_SECRET_PATH: who is told of the ends of jobs. Default: nobody. */
  webhook: WebhookSettings | undefined;
  /** JOB_ALLOWED_QUEUES, JOB_ALLOWED_PRIORITIES: by commas. Default: all. */
  queues: string[] | undefined;
  priorities: string[] | undefined;
  /** JOB_ALLOWED_IMAGES: by commas, `*` for any signs. Default: all. */
  images: string[] | undefined;
  /** JOB_ALLOWED_SERVICE_ACCOUNTS: by commas. Default: all. */
  serviceAccounts: string[] | undefined;
  /** JOB_SERVER_RUNS: runs of deployed pipelines are served too. Default: false. */
  servesRuns: boolean;
  /** JOB_SERVER_REQUESTS_PER_SEC of one caller. Default 100. */
  perSec: number;
  /** JOB_SERVER_MAX_BODY_BYTES. Default 262144. */
  maxBodyBytes: number;
}

const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const OIDC = ['JOB_SERVER_OIDC_ISSUER', 'JOB_SERVER_OIDC_AUDIENCE', 'JOB_SERVER_OIDC_JWKS_URL'];

const TLS = ['JOB_SERVER_TLS_CERT_PATH', 'JOB_SERVER_TLS_KEY_PATH'];
const WEBHOOK = ['JOB_SERVER_WEBHOOK_URL', 'JOB_SERVER_WEBHOOK_SECRET_PATH'];

/** Whether what comes from there comes from whom it says. */
function isTrusted(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  );
}

/**
 * Reads the environment; `definitions`: whether they are given otherwise, so that no list has to be named.
 *
 * @throws KtError `BAD_SETTINGS` with all that is wrong
 */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  { definitions = false }: { definitions?: boolean } = {},
): ServerSettings {
  const problems: Problem[] = [];
  const wrong = (path: string, message: string): void =>
    void problems.push({ code: 'BAD_SETTINGS', path, message });
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const isOn = (name: string): boolean => !/^(|0|false|no)$/i.test(env[name] ?? '');
  const needed = (name: string, what: string, shape = /./s): string => {
    const value = given(name);
    if (value === undefined) wrong(name, `${name} is not set: ${what}.`);
    else if (!shape.test(value))
      wrong(name, `${name} is ${JSON.stringify(value)}, which it cannot be: ${what}.`);
    return value ?? '';
  };
  const number = (name: string, [least, most]: [number, number], fallback: number): number => {
    const value = given(name);
    if (value === undefined) return fallback;
    const read = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (!(read >= least && read <= most))
      wrong(name, `${name} is a whole number from ${least} to ${most}, not ${JSON.stringify(value)}.`);
    return read;
  };
  const list = (name: string): string[] | undefined =>
    given(name)
      ?.split(',')
      .map(one => one.trim())
      .filter(one => one !== '');
  const oidc = (): OidcSettings | undefined => {
    if (!OIDC.some(name => given(name) !== undefined)) return undefined;
    const [issuer, audience, jwksUrl] = OIDC.map(name =>
      needed(name, 'all three of JOB_SERVER_OIDC_… belong together'),
    );
    if (jwksUrl !== '' && !isTrusted(jwksUrl ?? ''))
      wrong(
        'JOB_SERVER_OIDC_JWKS_URL',
        'JOB_SERVER_OIDC_JWKS_URL is to begin with https://: whoever can change the keys may do all.',
      );
    return {
      issuer: issuer ?? '',
      audience: audience ?? '',
      jwksUrl: jwksUrl ?? '',
      scopesClaim: given('JOB_SERVER_OIDC_SCOPES_CLAIM') ?? 'scope',
      toleranceSec: number('JOB_SERVER_OIDC_CLOCK_TOLERANCE_SEC', [0, 600], 30),
    };
  };
  const tls = (): TlsSettings | undefined => {
    if (!TLS.some(name => given(name) !== undefined)) return undefined;
    const [certPath = '', keyPath = ''] = TLS.map(name =>
      needed(name, 'JOB_SERVER_TLS_CERT_PATH and JOB_SERVER_TLS_KEY_PATH belong together'),
    );
    return { certPath, keyPath };
  };
  const webhook = (): WebhookSettings | undefined => {
    if (!WEBHOOK.some(name => given(name) !== undefined)) return undefined;
    const [url = '', secretPath = ''] = WEBHOOK.map(name =>
      needed(name, 'JOB_SERVER_WEBHOOK_URL and JOB_SERVER_WEBHOOK_SECRET_PATH belong together'),
    );
    if (url !== '' && !isWebhookUrl(url))
      wrong(
        'JOB_SERVER_WEBHOOK_URL',
        'JOB_SERVER_WEBHOOK_URL is to be a URL that begins with https:// or http://, without a password.',
      );
    return { url, secretPath };
  };
  const settings: ServerSettings = {
    signature: needed(
      'JOB_SIGNATURE',
      "the value of the label by which this server's jobs are known",
      LABEL_VALUE,
    ),
    namespace: needed('JOB_NAMESPACE', 'the namespace in which jobs are made', NAMESPACE),
    definitionsPath: definitions
      ? given('JOB_DEFINITIONS_CONFIG_PATH')
      : needed('JOB_DEFINITIONS_CONFIG_PATH', 'the file with the list of job definitions'),
    inCluster: isOn('IN_CLUSTER'),
    servesRuns: isOn('JOB_SERVER_RUNS'),
    retentionSec: number('JOB_RETENTION_PERIOD_SEC', [0, 10 ** 10], 3600),
    host: given('JOB_SERVER_HOST') ?? '127.0.0.1',
    port: number('JOB_SERVER_PORT', [0, 65_535], 5000),
    tokensPath: given('JOB_SERVER_TOKENS_PATH'),
    oidc: oidc(),
    tls: tls(),
    webhook: webhook(),
    queues: list('JOB_ALLOWED_QUEUES'),
    priorities: list('JOB_ALLOWED_PRIORITIES'),
    images: list('JOB_ALLOWED_IMAGES'),
    serviceAccounts: list('JOB_ALLOWED_SERVICE_ACCOUNTS'),
    perSec: number('JOB_SERVER_REQUESTS_PER_SEC', [1, 10 ** 6], 100),
    maxBodyBytes: number('JOB_SERVER_MAX_BODY_BYTES', [1024, 10 ** 7], 256 * 1024),
  };
  if (problems.length > 0) throw new KtError(problems);
  return settings;
}
