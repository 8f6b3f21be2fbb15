/** A real registry on this machine: the program `docker-registry`, with a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Bcrypt of `correct-horse`, for the user `ada`. */
const HTPASSWD = 'ada:$2b$05$ll5ReQot1/Kv1EfE3lwBhuH3RkTPGmqS0fdTxjxUeU9NA7e/n69/.\n';
export const ADA = { username: 'ada', password: 'correct-horse' };

const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const MISSING = ['docker-registry', 'openssl'].filter(program => !isInstalled(program));
/** Why tests with a registry are left out; undefined where they are not. */
export const NO_REGISTRY = MISSING.length === 0 ? undefined : `${MISSING.join(' and ')} not on the PATH`;

/** Who may do what: `htpasswd` only ada; `token` whom a token server has given a token; default: anybody. */
export type RegistryAccess = { kind: 'htpasswd' } | { kind: 'token'; realm: string; certificate: string };

/** A registry that runs. */
export interface TestRegistry extends AsyncDisposable {
  /** Address with its port. */
  host: string;
}

/** Starts a registry on a port that is free; it is ready. */
export async function startRegistry(access?: RegistryAccess): Promise<TestRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-registry-'));
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: '127.0.0.1:0', relativeurls: true },
    ...(await authOf(access, dir)),
  };
  const file = join(dir, 'config.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const host = await listening(child);
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise(resolve => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function authOf(access: RegistryAccess | undefined, dir: string): Promise<object> {
  if (access === undefined) return {};
  if (access.kind === 'htpasswd') {
    await writeFile(join(dir, 'htpasswd'), HTPASSWD);
    return { auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } } };
  }
  await writeFile(join(dir, 'token.pem'), access.certificate);
  return {
    auth: {
      token: {
        realm: access.realm,
        service: 'test-registry',
        issuer: 'test-issuer',
        rootcertbundle: join(dir, 'token.pem'),
      },
    },
  };
}

/** Waits until it says where it listens. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    if (child.stderr === null) throw new Error('its standard error is not read');
    createInterface({ input: child.stderr }).on('line', line => {
      said += `${line}\n`;
      const [, host] = /listening on (127\.0\.0\.1:\d+)/.exec(line) ?? [];
      if (host !== undefined) resolve(host);
    });
    child.once('error', reject);
    child.once('close', code => reject(new Error(`docker-registry ended with ${code}: ${said}`)));
  });
}

/** A key and a certificate of its own for it, made for one test; `address` is an IP of whoever shows it. */
export function testCertificate(address?: string): { key: string; certificate: string } {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test-issuer',
    '-keyout',
    '-',
    '-out',
    '-',
    ...(address === undefined ? [] : ['-addext', `subjectAltName=IP:${address}`]),
  ];
  const pem = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const part = (what: string): string =>
    new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----\n`).exec(pem)?.[0] ?? '';
  return { key: part('PRIVATE KEY'), certificate: part('CERTIFICATE') };
}
