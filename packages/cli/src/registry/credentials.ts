/**
 * Finds credentials for a registry: what `docker login` and `podman login` have left, and credential helpers.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  homeFolder,
  fits,
  orElse,
  parseText,
  record,
  type Shape,
  table,
  text as word,
  tryJson,
} from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/** Credentials for one registry. */
export type Credentials = { username: string; password: string } | { identityToken: string };

interface Auth {
  auth?: string;
  username?: string;
  password?: string;
  identitytoken?: string;
}
interface DockerConfig {
  auths?: Record<string, Auth>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** A field that may be missing; some tools write null. */
const maybe =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  value =>
    value === undefined || value === null ? undefined : shape(value);
const DOCKER_CONFIG = record<DockerConfig>({
  auths: maybe(
    table(
      record<Auth>({
        auth: maybe(word),
        username: maybe(word),
        password: maybe(word),
        identitytoken: maybe(word),
      }),
    ),
  ),
  credHelpers: maybe(table(word)),
  credsStore: maybe(word),
});
const HELPER_ANSWER = record<{ Username: string; Secret: string }>({
  Username: orElse(word, ''),
  Secret: word,
});

const HUB_KEY = 'https://index.docker.io/v1/';
const TOKEN_USER = '<token>';

/** Files that hold credentials, in the order in which they are read. */
function configFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const home = homeFolder(env);
  return [
    env['REGISTRY_AUTH_FILE'],
    join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
    env['XDG_RUNTIME_DIR'] === undefined
      ? undefined
      : join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json'),
    join(home, '.config', 'containers', 'auth.json'),
  ].filter(file => file !== undefined && file !== '') as string[];
}

/**
 * Credentials for an image's repository, or a registry; null where there are none: then it is asked
 * without any.
 *
 * @throws KtError `BAD_CREDENTIALS` for a file that is not docker's, `CREDENTIAL_HELPER_FAILED`.
 */
export async function credentialsFor(
  image: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Credentials | null> {
  const [registry = ''] = image.split('/');
  for (const file of configFiles(env)) {
    const config = await readConfig(file);
    if (config === null) continue;
    const keys =
      registry === 'docker.io'
        ? [HUB_KEY, 'docker.io', 'index.docker.io']
        : [registry, `https://${registry}`];
    for (const key of keys) {
      const helper = config.credHelpers?.[key];
      const found = helper === undefined ? null : await askHelper(helper, key, env);
      if (found !== null) return found;
    }
    for (const entry of entriesOf(config.auths ?? {}, image, keys)) {
      const found = fromAuth(entry);
      if (found !== null) return found;
    }
    if (config.credsStore !== undefined && config.credsStore !== '') {
      const found = await askHelper(config.credsStore, keys[0] ?? registry, env);
      if (found !== null) return found;
    }
  }
  return null;
}

type Auths = NonNullable<DockerConfig['auths']>;

/**
 * What is said of an image: first of the repository and those above it, as Podman writes it; then of the
 * registry, also as URL, as Docker does.
 */
function entriesOf(auths: Auths, image: string, keys: readonly string[]): (Auths[string] | undefined)[] {
  const parts = image.split('/');
  const paths = parts.map((_, i) => parts.slice(0, parts.length - i).join('/')).slice(0, -1);
  const urls = Object.keys(auths).filter(key => /^https?:\/\/([^/]+)/.exec(key)?.[1] === parts[0]);
  return [...paths, ...keys, ...urls].map(key => auths[key]);
}

async function readConfig(file: string): Promise<DockerConfig | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  return parseText(DOCKER_CONFIG, text, {
    file,
    name: 'configuration of docker',
    code: 'BAD_CREDENTIALS',
    hint: 'Log in again: docker login REGISTRY.',
  });
}

function fromAuth(entry: NonNullable<DockerConfig['auths']>[string] | undefined): Credentials | null {
  if (entry === undefined) return null;
  if (entry.identitytoken !== undefined && entry.identitytoken !== '')
    return { identityToken: entry.identitytoken };
  const text = entry.auth === undefined ? '' : Buffer.from(entry.auth, 'base64').toString();
  const at = text.indexOf(':');
  if (at > 0) return { username: text.slice(0, at), password: text.slice(at + 1).replace(/\0+$/, '') };
  return entry.username === undefined || entry.password === undefined
    ? null
    : { username: entry.username, password: entry.password };
}

/** Asks `docker-credential-NAME`. Null where it has none. */
async function askHelper(
  name: string,
  server: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | null> {
  const command = `docker-credential-${name}`;
  const failed = (message: string, hint = 'Log in again: docker login REGISTRY.'): KtError =>
    new KtError({ code: 'CREDENTIAL_HELPER_FAILED', path: command, message, hint });
  const { code, out, err } = await new Promise<{ code: number | null; out: string; err: string }>(
    (resolve, reject) => {
      const child = spawn(command, ['get'], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      child.on('error', error => {
        reject(
          failed(
            `It cannot be run: ${error.message}.`,
            `The docker configuration names it for ${server}; install it, or log in again.`,
          ),
        );
      });
      child.on('close', code => resolve({ code, out, err }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${server}\n`);
    },
  );
  if (code !== 0) {
    if (/credentials not found/i.test(out + err)) return null;
    throw failed(`It failed for ${server}: ${(out + err).trim().slice(0, 300)}`);
  }
  const answer = fits(HELPER_ANSWER, tryJson(out));
  if (answer === undefined) throw failed(`What it says of ${server} is not what a credential helper says.`);
  const { Username, Secret } = answer;
  return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
}
