/*
 * Decides which options hold for a cluster, and says where each comes from. Pure.
 *
 * RX1 What was typed comes first, then the environment, then the context of the configuration, then what was
 *     used last here.
 * RX2 What was used last counts only where there is no configuration: a configuration says by itself where
 *     things go. And it counts only for the same cluster and namespace: another one has its own volumes and
 *     accounts.
 * RX3 A claim belongs to the volume that is named beside it; where another volume holds, it counts for
 *     nothing.
 */
import { resolve } from 'node:path';
import { type ContextConfig, KtError, omitUndefined } from '@kube-transform/sdk';
import { IMAGE_VARIABLES } from '@kube-transform/runtime/internal';
import type { FoundConfig } from './load-config.js';

/**
 * What may be said about a cluster; see `ContextConfig`. The context is one of the configuration, or of the
 * kubeconfig.
 */
export type ClusterOptions = Omit<ContextConfig, 'kubeContext'> & { context?: string };
export type ChoiceKey = keyof ClusterOptions;

/** What holds, and of each part where it comes from. */
export interface ResolvedContext {
  /** Name of the context of the configuration; null where none is used. */
  name: string | null;
  values: ClusterOptions;
  from: Partial<Record<ChoiceKey, string>>;
}

/** Environment variables, by what they say. */
export const ENVIRONMENT = {
  namespace: 'KT_NAMESPACE',
  image: 'KT_IMAGE',
  imagePullPolicy: 'KT_IMAGE_PULL_POLICY',
  store: 'KT_CLUSTER_STORE',
  storeSecret: 'KT_STORE_SECRET',
  volume: 'KT_VOLUME',
  serviceAccount: 'KT_SERVICE_ACCOUNT',
  delivery: 'KT_DELIVERY',
  repository: 'KT_REPOSITORY',
} as const satisfies Partial<Record<ChoiceKey, string>>;

/** From where a choice may come. */
export interface Sources {
  typed: ClusterOptions;
  env: Record<string, string | undefined>;
  config: FoundConfig | null;
  /** What was used last here. */
  last: ClusterOptions | null;
}

/** @throws KtError `WHICH_CONTEXT` where the configuration has several contexts and none by default. */
export function resolveContext({ typed, env, config, last }: Sources): ResolvedContext {
  const { context, ...rest } = omitUndefined(typed);
  const variable = env['KT_CONTEXT'] || undefined;
  const wanted = context ?? variable;
  const name = config === null ? null : contextName(config, wanted);
  const layers: [string, ClusterOptions][] = [
    [
      context === undefined ? 'KT_CONTEXT' : TYPED,
      wanted === undefined || wanted === name ? {} : { context: wanted },
    ],
    [TYPED, rest],
    ...Object.entries(ENVIRONMENT).map(([key, from]): [string, ClusterOptions] => [
      from,
      env[from] ? { [key]: env[from] } : {},
    ]),
  ];
  for (const from of IMAGE_VARIABLES) layers.push([from, env[from] ? { containerImage: env[from] } : {}]);
  if (config !== null && name !== null)
    layers.push([`${config.file} contexts.${name}`, choiceOf(config, name)]);
  if (config === null && last !== null)
    layers.push(['used last here', sameCluster(omitUndefined(last), laid(layers).values)]);
  return { name, ...laid(layers) };
}

const TYPED = 'typed';

/** Whether the URL of a store names a folder. */
export const isFolder = (store: string): boolean => /^file:|^[./]/.test(store);

/** Layers over each other: of each part the first that says something. */
function laid(layers: readonly [string, ClusterOptions][]): Pick<ResolvedContext, 'values' | 'from'> {
  const values: ClusterOptions = {};
  const from: ResolvedContext['from'] = {};
  for (const [origin, given] of layers) {
    // Who names a volume means the folder in it, whatever bucket was meant before.
    const isBehind =
      values.volume !== undefined && values.store === undefined && !isFolder(given.store ?? '.');
    for (const [key, value] of Object.entries(given)) {
      if (key in values || (isBehind && (key === 'store' || key === 'storeSecret'))) continue;
      Object.assign(values, { [key]: value });
      from[key as ChoiceKey] = origin;
    }
  }
  if (from.claim !== from.volume) {
    delete values.claim;
    delete from.claim;
  }
  return { values, from };
}

/** The context of the configuration that is meant; null where it is one of the kubeconfig. */
function contextName({ config, file }: FoundConfig, wanted: string | undefined): string | null {
  const names = Object.keys(config.contexts);
  if (wanted !== undefined) return config.contexts[wanted] === undefined ? null : wanted;
  if (config.default !== undefined) return config.default;
  if (names.length <= 1) return names[0] ?? null;
  throw new KtError({
    code: 'WHICH_CONTEXT',
    path: '--context',
    message: `${file} has ${names.length} contexts and none by default.`,
    hint: `Choose one: ${names.map(name => `--context ${name}`).join(', ')}; or say default: '${names[0] ?? ''}'.`,
  });
}

function choiceOf({ config, dir }: FoundConfig, name: string): ClusterOptions {
  const { kubeContext, kubeconfig, ...rest } = config.contexts[name] ?? {};
  return {
    ...rest,
    ...omitUndefined({ context: kubeContext, kubeconfig: kubeconfig && resolve(dir, kubeconfig) }),
  };
}

/** Of what was used last what holds for the cluster and namespace that are meant now. */
function sameCluster(
  { context, kubeconfig, namespace, ...rest }: ClusterOptions,
  given: ClusterOptions,
): ClusterOptions {
  if ((given.context ?? context) !== context || (given.kubeconfig ?? kubeconfig) !== kubeconfig) return {};
  const cluster = omitUndefined({ context, kubeconfig });
  if ((given.namespace ?? namespace) !== namespace) return cluster;
  return omitUndefined({ ...rest, ...cluster, namespace });
}
