import { FakeClock } from '../../../../test/kit/fake-clock.js';
import { KubeServer, statusBody } from '../../../../test/kit/kube-server.js';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeApi, type KubeConnection } from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kubeConnection } from './kube-connection.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Config {
  cluster?: object;
  user?: object | null;
  context?: object;
  current?: string | null;
}

let home: string;
const clock = new FakeClock();

/** A kubeconfig as JSON, which is YAML too. */
async function write(
  path: string,
  { cluster = {}, user = {}, context = {}, current = 'dev' }: Config = {},
): Promise<string> {
  const file = join(home, path);
  await mkdir(join(file, '..'), { recursive: true });
  const body = {
    apiVersion: 'v1',
    kind: 'Config',
    ...(current === null ? {} : { 'current-context': current }),
    clusters: [{ name: 'c', cluster: { server: 'https://cluster.test:6443', ...cluster } }],
    users: user === null ? [] : [{ name: 'u', user }],
    contexts: [
      { name: 'dev', context: { cluster: 'c', ...(user === null ? {} : { user: 'u' }), ...context } },
      { name: 'production', context: { cluster: 'c', user: 'u', namespace: 'live' } },
    ],
  };
  await writeFile(file, JSON.stringify(body));
  return file;
}

const open = (
  options: Parameters<typeof kubeConnection>[0] = {},
  env: Record<string, string> = {},
): Promise<KubeConnection> => kubeConnection(options, { env: { HOME: home, ...env }, clock });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kt-kubeconfig-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('kubeConnection - the cluster', () => {
  test('is that of ~/.kube/config, of KUBECONFIG, or of the file that is given', async () => {
    await write('.kube/config', { cluster: { server: 'https://home' } });
    const listed = await write('listed', { cluster: { server: 'https://listed' } });
    const given = await write('given', { cluster: { server: 'https://given' } });
    expect((await open()).server).toBe('https://home');
    expect((await open({}, { KUBECONFIG: listed })).server).toBe('https://listed');
    expect((await open({ kubeconfig: given }, { KUBECONFIG: listed })).server).toBe('https://given');
  });

  test('several files are one, the first of them is right, and those that are missing do not matter', async () => {
    const first = await write('first', { cluster: { server: 'https://first' }, current: null });
    const second = await write('second', { cluster: { server: 'https://second' }, current: 'production' });
    await writeFile(join(home, 'empty'), '');
    const KUBECONFIG = [join(home, 'none'), join(home, 'empty'), first, second].join(':');
    expect(await open({}, { KUBECONFIG })).toMatchObject({
      name: 'production',
      server: 'https://first',
      namespace: 'live',
    });
  });

  test('has the namespace that is given, else that of the context, else "default"', async () => {
    await write('.kube/config');
    expect(await open()).toMatchObject({ name: 'dev', namespace: 'default' });
    expect(await open({ context: 'production' })).toMatchObject({ name: 'production', namespace: 'live' });
    expect((await open({ context: 'production', namespace: 'mine' })).namespace).toBe('mine');
  });

  test('is refused where nothing is configured', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'NO_KUBECONFIG' });
    await expect(open({}, { KUBECONFIG: '/none/x' })).rejects.toThrow(
      /KUBECONFIG is "\/none\/x".*no such file.*--kubeconfig/,
    );
    await writeFile(join(home, 'empty'), '');
    await expect(open({}, { KUBECONFIG: join(home, 'empty') })).rejects.toThrow(/names no context/);
    await expect(open({}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' })).rejects.toMatchObject({
      code: 'NOT_IN_CLUSTER',
    });
  });

  test('a context that is not there - is refused with what was meant, or what there is', async () => {
    await write('.kube/config', { current: null });
    await expect(open({ context: 'prodution' })).rejects.toThrow(
      /There is no context "prodution".*Did you mean "production"\?/,
    );
    await expect(open({ context: 'x' })).rejects.toThrow(/There are: dev, production\./);
    await expect(open()).rejects.toMatchObject({ code: 'UNKNOWN_CONTEXT' });
  });

  test('a file that cannot be used - is refused with what is wrong in it', async () => {
    const file = join(home, 'bad');
    const bad = async (text: string): Promise<string> => {
      await writeFile(file, text);
      return String(await open({ kubeconfig: file }).catch((error: unknown) => error));
    };
    await expect(open({ kubeconfig: file })).rejects.toMatchObject({
      code: 'BAD_KUBECONFIG',
      problems: [{ path: file }],
    });
    expect(await bad('a: [')).toMatch(/The kubeconfig .*bad cannot be used: /);
    expect(await bad('hello')).toMatch(/it is plain text/);
    expect(await bad('clusters: [{name: c, cluster: {}}]')).toMatch(
      /clusters\[0\]\.cluster\.server is missing/,
    );
    expect(await bad('contexts: [{name: dev, context: {cluster: gone}}]\ncurrent-context: dev')).toMatch(
      /names the cluster "gone", which it lacks/,
    );
    const noUser = await write('nouser', { context: { user: 'gone' } });
    await expect(open({ kubeconfig: noUser })).rejects.toThrow(/names the user "gone", which it lacks/);
  });
});

describe('kubeConnection - credentials', () => {
  test('certificates - are read within the file and beside it', async () => {
    await writeFile(join(home, 'ca.pem'), 'CA');
    const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    await write('config', {
      user,
      cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'inner' },
    });
    const connection = await open({ kubeconfig: join(home, 'config') });
    expect([connection.ca, connection.cert, connection.key].map(String)).toEqual(['CA', 'CERT', 'KEY']);
    expect(connection).toMatchObject({ servername: 'inner', rejectUnauthorized: undefined, headers: {} });
    expect(await connection.token(false)).toBeUndefined();
    await write('config', { cluster: { 'insecure-skip-tls-verify': true } });
    expect((await open({ kubeconfig: join(home, 'config') })).rejectUnauthorized).toBe(false);
  });

  test('a context without a user still has its authority', async () => {
    await write('.kube/config', { user: null, cluster: { 'certificate-authority-data': base64('CA') } });
    expect(String((await open()).ca)).toBe('CA');
  });

  test('a token - is sent, and names the user in whose place is asked', async () => {
    await write('.kube/config', { user: { token: 'secret', as: 'eve' } });
    const connection = await open();
    expect(await connection.token(false)).toBe('secret');
    expect(connection.headers).toEqual({ 'Impersonate-User': 'eve' });
  });

  test('a token that was refused is read anew', async () => {
    await write('.kube/config', { user: { token: 'old' } });
    const connection = await open();
    await write('.kube/config', { user: { token: 'new' } });
    expect(await connection.token(false)).toBe('old');
    expect(await connection.token(true)).toBe('new');
    expect(await connection.token(false)).toBe('new');
  });

  test('a file with the token - lies beside the kubeconfig, and is read again', async () => {
    await writeFile(join(home, 'token'), 'first\n');
    await write('config', { user: { tokenFile: 'token', token: 'loses' } });
    const connection = await open({ kubeconfig: join(home, 'config') });
    expect(await connection.token(false)).toBe('first');
    await writeFile(join(home, 'token'), 'second\n');
    expect(await connection.token(true)).toBe('second');
  });

  test('a name and a password - are sent with each request', async () => {
    await write('.kube/config', { user: { username: 'u', password: 'p' } });
    const connection = await open();
    expect(connection.headers).toEqual({ Authorization: `Basic ${base64('u:p')}` });
    expect(await connection.token(false)).toBeUndefined();
  });
});

describe('kubeConnection - plugins', () => {
  const plugin = async (lines: string): Promise<object> => {
    await writeFile(join(home, 'plugin'), `#!${process.execPath}\n${lines}`);
    await chmod(join(home, 'plugin'), 0o755);
    return { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', provideClusterInfo: true };
  };
  const tells = (status: string): string => `
    const fs = require('fs');
    const file = __dirname + '/runs';
    const runs = (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').length : 0) + 1;
    fs.writeFileSync(file, 'x'.repeat(runs));
    fs.writeFileSync(__dirname + '/info', process.env.KUBERNETES_EXEC_INFO);
    console.log(JSON.stringify({ kind: 'ExecCredential', status: ${status} }));`;

  test('are asked once, and again when their token was refused', async () => {
    await write('config', {
      user: {
        exec: await plugin(tells(`{ token: 'token-' + runs, expirationTimestamp: '2999-01-01T00:00:00Z' }`)),
      },
    });
    const connection = await open({ kubeconfig: join(home, 'config') });
    expect(await connection.token(false)).toBe('token-1');
    clock.advance(61_000);
    expect(await connection.token(false)).toBe('token-1');
    expect(await connection.token(true)).toBe('token-2');
    expect(JSON.parse(await readFile(join(home, 'info'), 'utf8'))).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false, cluster: { server: 'https://cluster.test:6443' } },
    });
  });

  test('are asked again when their token has expired', async () => {
    await write('config', {
      user: {
        exec: await plugin(tells(`{ token: 'token-' + runs, expirationTimestamp: '2001-01-01T00:00:00Z' }`)),
      },
    });
    const connection = await open({ kubeconfig: join(home, 'config') });
    expect(await connection.token(false)).toBe('token-1');
    clock.advance(61_000);
    expect(await connection.token(false)).toBe('token-2');
  });

  test('may give certificates, which change', async () => {
    await write('config', {
      user: { exec: await plugin(tells(`{ clientCertificateData: 'cert-' + runs, clientKeyData: 'key' }`)) },
    });
    const connection = await open({ kubeconfig: join(home, 'config') });
    expect(connection).toMatchObject({ cert: 'cert-1', key: 'key' });
    await connection.token(true);
    expect(connection.cert).toBe('cert-2');
  });

  test('that fail, or are not there, are told with their words', async () => {
    const exec = await plugin(`console.error('token expired, please log in'); process.exit(1);`);
    const file = await write('config', { user: { exec } });
    await expect(open({ kubeconfig: file })).rejects.toMatchObject({ code: 'CREDENTIALS_FAILED' });
    await expect(open({ kubeconfig: file })).rejects.toThrow(
      /plugin "\/.*\/plugin" gives no credentials for the user "u".*please log in/,
    );
    await write('config', {
      user: { exec: { ...exec, command: 'kt-no-such-plugin', installHint: 'Install it.' } },
    });
    await expect(open({ kubeconfig: file })).rejects.toThrow(/kt-no-such-plugin.*ENOENT.* Install it\./);
  });
});

describe('a client of kubeConnection', () => {
  let server: KubeServer;
  beforeEach(async () => {
    server = await KubeServer.start();
  });
  afterEach(() => server.close());

  test('speaks without TLS, as behind kubectl proxy, and reads a refused token anew', async () => {
    await write('.kube/config', { cluster: { server: server.url }, user: { token: 'old' } });
    server.on(/./, ({ headers }) =>
      headers.authorization === 'Bearer new'
        ? 'store'
        : { status: 401, body: statusBody(401, 'Unauthorized') },
    );
    const api = new KubeApi(await open(), { clock });
    await write('.kube/config', { cluster: { server: server.url }, user: { token: 'new' } });
    expect((await api.list('/api/v1/namespaces/x/pods')).items).toEqual([]);
    api.close();
  });

  test('goes through a proxy, on connections that are kept', async () => {
    const sockets = new Set<Socket>();
    const connects: string[] = [];
    const proxy: Server = createServer(socket => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (head: Buffer) => {
        const [, host = '', port] = /^CONNECT ([^:]+):(\d+)/.exec(head.toString()) ?? [];
        connects.push(host);
        const onward = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        onward.on('error', () => undefined);
        socket.pipe(onward).pipe(socket);
      });
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    await write('.kube/config', { cluster: { server: server.url, 'proxy-url': `http://127.0.0.1:${port}` } });
    const api = new KubeApi(await open(), { clock });
    for (let i = 0; i < 20; i++) await api.get('/api/v1/namespaces/x/pods/y');
    server.on(/log/, { stream: out => (out.send('line'), out.end()) });
    for await (const chunk of api.stream('/api/v1/namespaces/x/pods/y/log'))
      expect(Buffer.from(chunk).toString()).toBe('line');
    expect(connects).toEqual(['127.0.0.1', '127.0.0.1']);
    api.close();
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => proxy.close(resolve));
  });
});
