/** Finds the kubeconfig files, and reads them as one. */
import type { KubeConfig } from '@kubernetes/client-node';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { homeFolder } from '@kube-transform/runtime/internal';
import { didYouMean, KtError } from '@kube-transform/sdk';

type Env = Readonly<Record<string, string | undefined>>;
type User = KubeConfig['users'][number];

/** What the client does not read of a user. */
interface RawUser {
  name?: string;
  user?: { tokenFile?: string } | null;
}

/**
 * The files that are read: the one given, else those of KUBECONFIG that exist, else ~/.kube/config; none
 * where there are none.
 */
export function kubeconfigFiles(given: string | undefined, env: Env): string[] {
  if (given !== undefined) return [resolve(given)];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '');
  const files = listed.length > 0 ? listed : [join(homeFolder(env), '.kube', 'config')];
  return files.map(file => resolve(file)).filter(file => existsSync(file));
}

/**
 * All files as one: where two name the same thing, the first is right, as for kubectl. @throws KtError
 * `BAD_KUBECONFIG`
 */
export async function readKubeconfig(files: readonly string[]): Promise<KubeConfig> {
  const { KubeConfig } = await import('./kube-client.js');
  const whole = new KubeConfig();
  for (const file of files) {
    const part = await readOne(file);
    whole.clusters = firstOfEach([...whole.clusters, ...part.clusters]);
    whole.users = firstOfEach([...whole.users, ...part.users]);
    whole.contexts = firstOfEach([...whole.contexts, ...part.contexts]);
    if (!whole.currentContext) whole.currentContext = part.currentContext;
  }
  return whole;
}

/**
 * Chooses a context, and gives its cluster and user.
 *
 * @throws KtError `UNKNOWN_CONTEXT`, `NO_KUBECONFIG` where there is none at all, `BAD_KUBECONFIG` where it
 * names what is not there.
 */
export function chooseContext(
  config: KubeConfig,
  wanted: string | undefined,
  files: readonly string[],
): void {
  const names = config.contexts.map(context => context.name);
  const where = files.join(', ');
  if (names.length === 0) throw noKubeconfig(`${where} names no context`);
  const name = wanted ?? (config.currentContext || undefined);
  const context = config.contexts.find(one => one.name === name);
  if (context === undefined) {
    const message =
      name === undefined ? `${where} has no current context.` : `There is no context "${name}" in ${where}.`;
    const hint =
      (name === undefined ? undefined : didYouMean(name, names)) ??
      `There are: ${names.join(', ')}. Choose one with --context.`;
    throw new KtError({ code: 'UNKNOWN_CONTEXT', path: '--context', message, hint });
  }
  config.setCurrentContext(context.name);
  if (config.getCurrentCluster() === null)
    throw badKubeconfig(
      where,
      `context "${context.name}" names the cluster "${context.cluster}", which it lacks`,
    );
  if (config.getCurrentUser() !== null) return;
  if (context.user)
    throw badKubeconfig(where, `context "${context.name}" names the user "${context.user}", which it lacks`);
  // The client forgets even the certificates of the cluster where there is no user.
  Object.assign(context, { user: 'nobody' });
  config.users = [...config.users, { name: 'nobody' }];
}

/** Nothing says which cluster is meant. */
export function noKubeconfig(why: string): KtError {
  const hint =
    'Set KUBECONFIG, give --kubeconfig FILE, or let the tool of your cluster write ~/.kube/config; `kubectl config get-contexts` tells.';
  return new KtError({
    code: 'NO_KUBECONFIG',
    path: '',
    message: `There is no kubeconfig that names a cluster: ${why}.`,
    hint,
  });
}

async function readOne(file: string): Promise<KubeConfig> {
  const { KubeConfig, loadYaml } = await import('./kube-client.js');
  const config = new KubeConfig();
  try {
    const text = await readFile(file, 'utf8');
    if (text.trim() === '') return config;
    const raw = loadYaml<{ users?: RawUser[] | null } | string>(text);
    if (typeof raw !== 'object')
      throw new Error('it is plain text, and not a kubeconfig with clusters, users and contexts');
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(file));
    config.users = config.users.map(user =>
      completed(user, raw.users?.find(one => one.name === user.name) ?? {}, dirname(file)),
    );
  } catch (error) {
    throw badKubeconfig(file, (error as Error).message.split('\n')[0] ?? '', error);
  }
  return config;
}

/** Adds what the client does not heed: a file for the token, and a plugin that lies beside the kubeconfig. */
function completed(user: User, { user: raw }: RawUser, dir: string): User {
  const exec = user.exec as { command?: string } | null | undefined;
  const plugin =
    exec?.command !== undefined && /[\\/]/.test(exec.command)
      ? { exec: { ...exec, command: resolve(dir, exec.command) } }
      : {};
  if (!raw?.tokenFile) return { ...user, ...plugin };
  // A token beside it would win.
  return {
    ...user,
    token: undefined,
    authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dir, raw.tokenFile) } },
  };
}

function firstOfEach<T extends { name: string }>(all: readonly T[]): T[] {
  return all.filter((one, i) => all.findIndex(other => other.name === one.name) === i);
}

function badKubeconfig(file: string, why: string, cause?: unknown): KtError {
  const message = `The kubeconfig ${file} cannot be used: ${why.replace(/\.$/, '')}.`;
  return new KtError(
    { code: 'BAD_KUBECONFIG', path: file, message, hint: 'See what `kubectl config view` says of it.' },
    { cause },
  );
}
