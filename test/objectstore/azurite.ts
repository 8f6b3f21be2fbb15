/**
 * Azurite, a server that speaks like Azure Blob Storage, for tests: installed at its first use, beside what
 * `npm ci` installs (it is 186 MB), and started by each file of tests for itself.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AzContainer } from '../../packages/runtime/src/stores/az/az-container.js';
import { azLocationOf } from '../../packages/runtime/src/stores/az/az-url.js';
import { asText } from '../../packages/runtime/src/stores/http/http-client.js';

/** The last one for Node 20. */
const VERSION = '3.35.0';
const FOLDER = join(import.meta.dirname, '../../node_modules/.cache', `kt-azurite-${VERSION}`);
const PROGRAM = join(FOLDER, 'node_modules/azurite/dist/src/blob/main.js');
/** Everybody's: Azurite has them from the start. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Starts one and gives this process its key; the URL of a new container. */
export async function newAzurePlace(): Promise<AsyncDisposable & { url: string }> {
  if (!existsSync(PROGRAM)) install();
  const args = ['--blobPort', '0', '--inMemoryPersistence', '--silent', '--skipApiVersionCheck'];
  const child = spawn(process.execPath, [PROGRAM, ...args, '--disableTelemetry'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, found] = /listens on (http:\S+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', code => reject(new Error(`Azurite has ended with ${code}: ${said}`)));
  });
  process.env['AZURE_STORAGE_KEY'] = KEY;
  const container = `kt-${randomUUID()}`;
  const place = (prefix: string): string => `az://${ACCOUNT}/${container}${prefix}?endpoint=${address}`;
  const made = new AzContainer(azLocationOf(place('')));
  await made.client.send({ method: 'PUT', url: made.listUrl({ restype: 'container' }) }, asText);
  return {
    url: place('/in/it'),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

function install(): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', `azurite@${VERSION}`];
  execFileSync('npm', args, { cwd: FOLDER, stdio: 'ignore', shell: process.platform === 'win32' });
}
