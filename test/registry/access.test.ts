/** Who may read and write: a real registry with passwords, and one with tokens. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { appendLayer } from '../../packages/cli/src/registry/append-layer.js';
import { credentialsFor } from '../../packages/cli/src/registry/credentials.js';
import { parseImage } from '../../packages/cli/src/registry/image-name.js';
import { Repository } from '../../packages/cli/src/registry/repository.js';
import { AT_ONCE, layerWith, pushBase, repositoryOf } from './images.js';
import { ADA, NO_REGISTRY, startRegistry, type TestRegistry } from './registry-server.js';
import { startTokenServer, type TokenServer } from './token-server.js';

const STRANGER = { username: 'ada', password: 'wrong' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A home with files of credentials; and with programs on its PATH. */
async function home(
  files: Record<string, string>,
  programs: Record<string, string> = {},
): Promise<Record<string, string>> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-home-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...files, ...programs })) {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), text);
    if (path in programs) await chmod(join(dir, path), 0o755);
  }
  return { HOME: dir, PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}` };
}

/** A helper that knows one server. It warns on its standard error, as helpers do. */
const helper = (server: string, answer: object): string => `#!/bin/sh
echo "a warning of the helper" >&2
read -r server
if [ "$server" = "${server}" ]; then echo '${JSON.stringify({ ServerURL: server, ...answer })}'; else echo "credentials not found in native keychain"; exit 1; fi
`;

if (NO_REGISTRY !== undefined) test.skip(`registries are not tested: ${NO_REGISTRY}`);

describe.skipIf(NO_REGISTRY !== undefined)('a registry with passwords', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ kind: 'htpasswd' });
    await pushBase(repositoryOf(`${registry.host}/team/base`, ADA));
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  const asked = (env: Record<string, string>): Repository =>
    new Repository(parseImage(`${registry.host}/team/base`), {
      credentials: () => credentialsFor(registry.host, env),
      clock: AT_ONCE,
    });

  test.each([
    ['nobody', null],
    ['a wrong password', STRANGER],
    ['an identity token', { identityToken: 'x' }],
  ])('refuses %s, and says what to do', async (_, credentials) => {
    await expect(
      repositoryOf(`${registry.host}/team/base`, credentials).manifest('base'),
    ).rejects.toMatchObject({
      problems: [
        {
          code: 'REGISTRY_DENIED',
          path: registry.host,
          message: expect.stringMatching(/refuses GET \/v2\/team\/base\/manifests\/base: /) as string,
          hint: `Log in with rights to team/base: docker login ${registry.host}.`,
        },
      ],
    });
  });

  test.each([
    ['in base64', { auth: base64('ada:correct-horse') }],
    ['in plain text', { username: 'ada', password: 'correct-horse' }],
  ])('lets in with what docker login has left %s', async (_, entry) => {
    const env = await home({ '.docker/config.json': JSON.stringify({ auths: { [registry.host]: entry } }) });
    expect(await asked(env).manifest('base')).not.toBeNull();
  });

  test.each([
    ['DOCKER_CONFIG', 'elsewhere/config.json', 'elsewhere'],
    ['REGISTRY_AUTH_FILE', 'elsewhere/auth.json', 'elsewhere/auth.json'],
    ['XDG_RUNTIME_DIR', 'run/containers/auth.json', 'run'],
  ])('lets in with what lies where %s says', async (variable, path, value) => {
    const env = await home({
      [path]: JSON.stringify({ auths: { [registry.host]: { auth: base64('ada:correct-horse') } } }),
    });
    expect(
      await asked({ ...env, [variable]: join(env['HOME'] ?? '', value) }).manifest('base'),
    ).not.toBeNull();
  });

  test('lets in with the name that docker login gives to old registries, and with that of one repository', async () => {
    const auth = base64('ada:correct-horse');
    const old = await home({
      '.docker/config.json': JSON.stringify({ auths: { [`https://${registry.host}/v1/`]: { auth } } }),
    });
    expect(await asked(old).manifest('base')).not.toBeNull();
    const auths = { [registry.host]: { auth: base64('ada:wrong') }, [`${registry.host}/team`]: { auth } };
    const podman = await home({ '.config/containers/auth.json': JSON.stringify({ auths }) });
    const ofTeam = {
      credentials: () => credentialsFor(`${registry.host}/team/base`, podman),
      clock: AT_ONCE,
    };
    expect(
      await new Repository(parseImage(`${registry.host}/team/base`), ofTeam).manifest('base'),
    ).not.toBeNull();
  });

  test.each([
    ['of one registry', (host: string) => ({ credHelpers: { [host]: 'kttest' } })],
    ['of all', (host: string) => ({ auths: { [host]: {} }, credsStore: 'kttest' })],
  ])('lets in with a credential helper %s', async (_, config) => {
    const program = helper(registry.host, { Username: 'ada', Secret: 'correct-horse' });
    const env = await home(
      { '.docker/config.json': JSON.stringify(config(registry.host)) },
      { 'bin/docker-credential-kttest': program },
    );
    expect(await asked(env).manifest('base')).not.toBeNull();
  });

  test('says what is wrong with a credential helper', async () => {
    const config = { '.docker/config.json': JSON.stringify({ credHelpers: { [registry.host]: 'kttest' } }) };
    const failing = '#!/bin/sh\necho "the keychain is locked" >&2; exit 1\n';
    const chatty = '#!/bin/sh\necho hello\n';
    for (const [program, message] of [
      [failing, /failed for .*: the keychain is locked/],
      [chatty, /is not what a credential helper says/],
      [undefined, /cannot be run/],
    ] as const) {
      const env = await home(
        config,
        program === undefined ? {} : { 'bin/docker-credential-kttest': program },
      );
      const problem = {
        code: 'CREDENTIAL_HELPER_FAILED',
        path: 'docker-credential-kttest',
        message: expect.stringMatching(message) as string,
      };
      await expect(asked(env).manifest('base')).rejects.toMatchObject({ problems: [problem] });
    }
    const broken = await home({ '.docker/config.json': '{"auths": ' });
    await expect(asked(broken).manifest('base')).rejects.toMatchObject({
      problems: [{ code: 'BAD_CREDENTIALS' }],
    });
  });

  test('one that knows nothing of the registry counts as none', async () => {
    const program = helper('another.example', {});
    const env = await home(
      { '.docker/config.json': JSON.stringify({ credsStore: 'kttest' }) },
      { 'bin/docker-credential-kttest': program },
    );
    await expect(asked(env).manifest('base')).rejects.toMatchObject({
      problems: [{ code: 'REGISTRY_DENIED' }],
    });
  });
});

describe.skipIf(NO_REGISTRY !== undefined)('a registry with tokens', () => {
  let tokens: TokenServer;
  let registry: TestRegistry;
  beforeAll(async () => {
    tokens = await startTokenServer();
    registry = await startRegistry({ kind: 'token', realm: tokens.realm, certificate: tokens.certificate });
    await pushBase(repositoryOf(`${registry.host}/team/base`, ADA));
  });
  beforeEach(() => void tokens.requests.splice(0));
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
  });

  test('gives its base to anybody, and takes the image from who may push', async () => {
    const base = repositoryOf(`${registry.host}/team/base:base`);
    const target = repositoryOf(`${registry.host}/team/made`, ADA);
    const { digest, isNew } = await appendLayer({ base, target, tag: 'one', layer: await layerWith('one') });
    expect(isNew).toBe(true);
    expect((await repositoryOf(`${registry.host}/team/made`).manifest('one'))?.digest).toBe(digest);
    expect(tokens.requests).toContainEqual({
      method: 'GET',
      scopes: ['repository:team/base:pull'],
      service: 'test-registry',
      who: null,
    });
    // Each scope is a parameter of its own.
    const both = ['repository:team/made:pull,push', 'repository:team/base:pull'];
    expect(tokens.requests).toContainEqual({
      method: 'GET',
      scopes: both,
      service: 'test-registry',
      who: 'ada',
    });
  });

  test('takes nothing from anybody', async () => {
    const base = repositoryOf(`${registry.host}/team/base:base`);
    const target = repositoryOf(`${registry.host}/team/other`);
    await expect(
      appendLayer({ base, target, tag: 'one', layer: await layerWith('one') }),
    ).rejects.toMatchObject({
      problems: [
        { code: 'REGISTRY_DENIED', hint: `Log in with rights to team/other: docker login ${registry.host}.` },
      ],
    });
  });

  test('refuses a wrong password with the words of its token server', async () => {
    await expect(repositoryOf(`${registry.host}/team/base`, STRANGER).manifest('base')).rejects.toMatchObject(
      {
        problems: [
          {
            code: 'REGISTRY_DENIED',
            path: registry.host,
            message: expect.stringMatching(/token server .* answers 401 to ada/) as string,
            hint: expect.stringContaining(`docker login ${registry.host}`) as string,
          },
        ],
      },
    );
  });

  test('takes an identity token, from a file and from a helper', async () => {
    const { host } = registry;
    const auths = {
      [host]: { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 'identity-of-ada' },
    };
    const file = await home({ '.docker/config.json': JSON.stringify({ auths }) });
    const program = helper(host, { Username: '<token>', Secret: 'identity-of-ada' });
    const helped = await home(
      { '.docker/config.json': `{"credHelpers":{"${host}":"kttest"}}` },
      { 'bin/docker-credential-kttest': program },
    );
    for (const env of [file, helped]) {
      const target = new Repository(parseImage(`${host}/team/identity`), {
        credentials: () => credentialsFor(host, env),
        clock: AT_ONCE,
      });
      await target.putBlob(Buffer.from(JSON.stringify(env)));
    }
    expect(tokens.requests.map(({ method, who }) => [method, who])).toEqual([
      ['POST', 'refreshed'],
      ['POST', 'refreshed'],
    ]);
  });

  test('is asked for another token when one has ended', async () => {
    tokens.lifetimes.push(-200);
    const target = repositoryOf(`${registry.host}/team/base`, ADA);
    // The first token has ended when it comes; only the next request asks for another.
    await expect(target.manifest('base')).rejects.toMatchObject({ problems: [{ code: 'REGISTRY_DENIED' }] });
    expect(await target.manifest('base')).not.toBeNull();
    expect(tokens.requests).toHaveLength(2);
  });

  test('is asked again when its token server fails for a moment, and told apart from a refusal when it goes on', async () => {
    tokens.failing.push(503, 429);
    expect(await repositoryOf(`${registry.host}/team/base`).manifest('base')).not.toBeNull();
    tokens.failing.push(503, 503, 503, 503);
    await expect(repositoryOf(`${registry.host}/team/base`).manifest('base')).rejects.toMatchObject({
      problems: [{ code: 'REGISTRY_FAILED', message: expect.stringContaining('503') as string }],
    });
  });
});
