/** What `kt render server` is told, as a plan that is checked as the server would check it. */
import { readFile } from 'node:fs/promises';
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { DefinitionList, PlannedDefinition, ServerPlan } from '@kube-transform/server';
import { RUN_RULES } from '../checks/rights.js';
import { configDefinitions } from './config-definitions.js';
import { loadServer } from './load-server.js';

/** Options of `kt render server`. */
export interface RenderServerOptions {
  namespace: string;
  image: string;
  signature: string;
  replicas: number;
  tokensSecret?: string;
  tlsSecret?: string;
  webhookUrl?: string;
  webhookSecret?: string;
  runs: boolean;
  allowQueues?: string;
  allowPriorities?: string;
  allowImages?: string;
  allowServiceAccounts?: string;
  /** A list in YAML. Default: that of `kt.config.ts`, else examples. */
  definitions?: string;
  oidcIssuer?: string;
  oidcAudience?: string;
  oidcJwksUrl?: string;
  oidcScopesClaim?: string;
  /** Further variables, as NAME=VALUE. */
  env: string[];
}

/** What the plan itself says: the objects hang together by it. */
const FIXED = {
  JOB_NAMESPACE: '--namespace',
  JOB_SIGNATURE: '--signature',
  JOB_SERVER_RUNS: '--runs',
  JOB_ALLOWED_QUEUES: '--allow-queues',
  JOB_ALLOWED_PRIORITIES: '--allow-priorities',
  JOB_SERVER_TLS_CERT_PATH: '--tls-secret',
  JOB_SERVER_TLS_KEY_PATH: '--tls-secret',
  JOB_SERVER_WEBHOOK_URL: '--webhook-url',
  JOB_SERVER_WEBHOOK_SECRET_PATH: '--webhook-secret',
  JOB_ALLOWED_IMAGES: '--allow-images',
  JOB_ALLOWED_SERVICE_ACCOUNTS: '--allow-service-accounts',
  JOB_SERVER_TOKENS_PATH: '--tokens-secret',
  JOB_DEFINITIONS_CONFIG_PATH: '--definitions',
  JOB_SERVER_HOST: null,
  JOB_SERVER_PORT: null,
  IN_CLUSTER: null,
};
/** A ConfigMap holds so much. */
const MAX_BYTES = 1_000_000;

/**
 * The plan. Rejects with KtError: `BAD_SETTINGS` for what the server would not start with, `BAD_DEFINITIONS`
 * for templates that cannot be used, `DEFINITIONS_TOO_LARGE`.
 */
export async function serverPlan(options: RenderServerOptions): Promise<ServerPlan> {
  const { namespace, image, signature, replicas, tokensSecret, tlsSecret, webhookUrl, webhookSecret } =
    options;
  if ((webhookUrl === undefined) !== (webhookSecret === undefined))
    throw new KtError({
      code: 'BAD_OPTIONS',
      path: '--webhook-url',
      message: '--webhook-url and --webhook-secret belong together: what is told is signed.',
    });
  const { readSettings, serverEnvironment } = await loadServer();
  const { allowImages, allowServiceAccounts, allowQueues, allowPriorities } = options;
  const plan: ServerPlan = omitUndefined({
    ...{ namespace, image, signature, replicas, tokensSecret, tlsSecret, webhookUrl, webhookSecret },
    ...{ allowedImages: allowImages, allowedServiceAccounts: allowServiceAccounts },
    runRules: options.runs ? RUN_RULES : undefined,
    ...{ allowedQueues: allowQueues, allowedPriorities: allowPriorities },
    definitions: await definitionsOf(options.definitions),
    env: {
      ...omitUndefined({
        JOB_SERVER_OIDC_ISSUER: options.oidcIssuer,
        JOB_SERVER_OIDC_AUDIENCE: options.oidcAudience,
        JOB_SERVER_OIDC_JWKS_URL: options.oidcJwksUrl,
        JOB_SERVER_OIDC_SCOPES_CLAIM: options.oidcScopesClaim,
      }),
      ...variablesOf(options.env),
    },
  });
  readSettings(serverEnvironment(plan));
  return plan;
}

function variablesOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const [, name, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    const refuse = (message: string, hint?: string): KtError =>
      new KtError(omitUndefined({ code: 'BAD_ARGUMENT', path: '--env', message, hint }));
    if (name === undefined) throw refuse(`${JSON.stringify(text)} is no variable: expected NAME=VALUE.`);
    if (!Object.hasOwn(FIXED, name)) return [name, value];
    const option = FIXED[name as keyof typeof FIXED];
    throw refuse(
      `${name} is set by what is rendered.`,
      option === null ? undefined : `Say it with ${option}.`,
    );
  });
  return Object.fromEntries(pairs);
}

/** The definitions with their templates; undefined where none are named. */
async function definitionsOf(file: string | undefined): Promise<PlannedDefinition[] | undefined> {
  const { ListedDefinitions } = await loadServer();
  const list = file === undefined ? await configDefinitions() : await listIn(file);
  if (list === undefined) return undefined;
  const api = { get: async () => null };
  const source = new ListedDefinitions(list, { api });
  await source.start();
  const planned: PlannedDefinition[] = [];
  let bytes = 0;
  for (const { name, source: from, queue, priority } of (await list.get()).values()) {
    const place = omitUndefined({ queue, priority });
    if (from.kind === 'config-map') {
      planned.push({ name, ...place, configMap: { name: from.name, namespace: from.namespace } });
      continue;
    }
    const template = await source.templateOf(name);
    bytes += Buffer.byteLength(template) + 2 * name.length + 100;
    planned.push({ name, ...place, template });
  }
  if (bytes > MAX_BYTES)
    throw new KtError({
      code: 'DEFINITIONS_TOO_LARGE',
      path: list.place,
      message: `The templates are ${bytes} bytes together, and a ConfigMap holds ${MAX_BYTES}.`,
      hint: 'Put large ones into ConfigMaps of their own: spec_config_map_name.',
    });
  return planned;
}

async function listIn(file: string): Promise<DefinitionList> {
  const { readDefinitions } = await loadServer();
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const message = `It cannot be read: ${(cause as Error).message}.`;
    throw new KtError({ code: 'READ_FAILED', path: file, message }, { cause });
  });
  const definitions = readDefinitions(text, file);
  return { place: file, get: async () => definitions };
}
