/** The server with a certificate, which is another later. */
import { execFileSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listen, type ListeningServer, readSettings } from '@kube-transform/server';
import { OpenJobs } from '../open-jobs.js';

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

let opened: OpenJobs;
let server: ListeningServer | undefined;
beforeEach(async () => {
  opened = await OpenJobs.open();
});
afterEach(async () => {
  await server?.close(0);
  server = undefined;
  await opened.close();
});

const at = (name: string): string => join(opened.dir, name);
const tls = () => ({ certPath: at('tls.crt'), keyPath: at('tls.key') });
/** Makes a certificate of that name, and puts it where the server looks, or its parts alone. */
const make = async (name: string, parts: readonly string[] = ['crt', 'key']): Promise<void> => {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
  execFileSync('openssl', [...args, '-subj', `/CN=${name}`, '-days', '2', ...out], { stdio: 'ignore' });
  for (const part of parts) await copyFile(at(`${name}.${part}`), at(`tls.${part}`));
};
const begin = async (): Promise<ListeningServer> => {
  const tell = (message: string): void => void opened.told.push(message);
  server = await listen(opened.app, { host: '127.0.0.1', port: 0, clock: opened.clock, tls: tls(), tell });
  return server;
};
/** What the server says, and the name in its certificate. */
const ask = (url: string): Promise<{ status: string; name: string }> =>
  new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(url);
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false });
    const chunks: Buffer[] = [];
    let name = '';
    socket.on('secureConnect', () => {
      name = String(socket.getPeerCertificate().subject.CN);
      socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    socket.on('end', () => {
      resolve({ status: Buffer.concat(chunks).toString().split('\r\n')[0] ?? '', name });
    });
  });
const looks = async (times = 1): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await opened.clock.waitedFor(10_000);
    opened.clock.advance(10_000);
  }
  await opened.clock.waitedFor(10_000);
};

describe.skipIf(!hasOpenssl)('a server with a certificate (needs the program openssl)', () => {
  test('speaks TLS 1.2 and later, and nothing else', async () => {
    await make('one');
    const { url } = await begin();
    expect(url).toMatch(/^https:/);
    expect(await ask(url)).toEqual({ status: 'HTTP/1.1 200 OK', name: 'one' });
    const { hostname: host, port } = new URL(url);
    const failure = await new Promise<Error>(resolve => {
      const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      connectTls({ host, port: Number(port), rejectUnauthorized: false, ...old }).on('error', resolve);
    });
    expect(failure.message).toMatch(/protocol/i);
    const plain = connect({ host, port: Number(port) });
    plain.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    const said: Buffer[] = [];
    plain.on('data', chunk => said.push(chunk)).on('error', () => undefined);
    await new Promise(resolve => plain.on('close', resolve));
    expect(Buffer.concat(said).toString()).not.toContain('healthy');
    expect((await ask(url)).name).toBe('one');
  });

  test('takes a new one without being started again, and keeps the old one where that is wrong', async () => {
    await make('one');
    const { url } = await begin();
    await make('two');
    await looks();
    expect((await ask(url)).name).toBe('two');
    // Half of the next: whoever writes it is at work.
    await make('three', ['crt']);
    await looks();
    expect(opened.told).toEqual([]);
    await looks(3);
    expect(opened.told).toHaveLength(1);
    expect(opened.told[0]).toContain('the certificate stays');
    expect((await ask(url)).name).toBe('two');
    await copyFile(at('three.key'), at('tls.key'));
    await looks();
    expect((await ask(url)).name).toBe('three');
  });

  test('that cannot be used at the start - does not start', async () => {
    await make('one', ['crt']);
    await expect(begin()).rejects.toThrow('tls.key');
    await make('two', ['key']);
    await expect(begin()).rejects.toThrow(/mismatch/i);
  });
});

test('settings - have a certificate and its key, or neither', () => {
  const needed = { JOB_SIGNATURE: 's', JOB_NAMESPACE: 'n', JOB_DEFINITIONS_CONFIG_PATH: '/d' };
  expect(readSettings(needed).tls).toBeUndefined();
  expect(() => readSettings({ ...needed, JOB_SERVER_TLS_KEY_PATH: '/k' })).toThrow(
    'JOB_SERVER_TLS_CERT_PATH',
  );
  const both = { JOB_SERVER_TLS_CERT_PATH: '/c', JOB_SERVER_TLS_KEY_PATH: '/k' };
  expect(readSettings({ ...needed, ...both }).tls).toEqual({ certPath: '/c', keyPath: '/k' });
});
