/** Images made of others in a real registry. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { appendLayer } from '../../packages/cli/src/registry/append-layer.js';
import { layerWith, type Manifest, OCI_INDEX, parsed, pushBase, pushIndex, repositoryOf } from './images.js';
import { NO_REGISTRY, startRegistry, type TestRegistry } from './registry-server.js';
import { watch, type WatchingProxy } from './watching-proxy.js';

const isSending = (request: string): boolean => /^(POST|PUT|PATCH)/.test(request);
let registry: TestRegistry;
let proxy: WatchingProxy;

describe.skipIf(NO_REGISTRY !== undefined)(`appendLayer`, () => {
  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await watch(registry.host);
    await pushBase(repositoryOf(`${registry.host}/team/base`));
    await pushIndex(repositoryOf(`${registry.host}/team/both`));
  });
  beforeEach(() => {
    proxy.requests.splice(0);
    proxy.sentBytes = 0;
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  test('AL2, RG1: mounts what the base has, sends what is new, the manifest last, and the second time nothing', async () => {
    const base = repositoryOf(`${proxy.host}/team/base:base`);
    const target = repositoryOf(`${proxy.host}/team/mounted`);
    const layer = await layerWith('mounted');
    const first = await appendLayer({ base, target, tag: 'one', layer });
    const { layers, config } = parsed<Manifest>(await target.manifest('one'));
    expect(layers).toHaveLength(2);
    expect(layers[1]?.digest).toBe(layer.digest);
    expect(Buffer.from(await target.blob(layer.digest)).equals(layer.bytes)).toBe(true);
    expect(JSON.parse(Buffer.from(await target.blob(config.digest)).toString())).toMatchObject({
      architecture: 'amd64',
      config: { Cmd: ['node'] },
      rootfs: { diff_ids: [expect.anything(), layer.diffId] },
    });
    // The layer and the configuration; the base's own layer is mounted.
    expect(proxy.requests.filter(request => request.startsWith('PATCH'))).toHaveLength(2);
    expect(proxy.requests.filter(request => request.includes('/team/base/blobs/'))).toEqual([
      expect.stringContaining('GET /v2/team/base/blobs/'),
    ]);
    expect(proxy.requests.filter(isSending).at(-1)).toMatch(/^PUT \S*\/team\/mounted\/manifests\/one/);
    proxy.requests.splice(0);
    proxy.sentBytes = 0;
    expect(await appendLayer({ base, target, tag: 'one', layer })).toEqual({
      digest: first.digest,
      isNew: false,
    });
    expect(proxy.requests.filter(isSending)).toEqual([]);
    expect(proxy.sentBytes).toBe(0);
  });

  test('sends nothing where only the outcome is asked', async () => {
    const base = repositoryOf(`${proxy.host}/team/base:base`);
    const target = repositoryOf(`${proxy.host}/team/dry`);
    const layer = await layerWith('dry');
    const planned = await appendLayer({ base, target, tag: 'one', layer, push: false });
    expect(planned.isNew).toBe(true);
    expect(proxy.requests.filter(isSending)).toEqual([]);
    const { digest } = await appendLayer({ base, target, tag: 'one', layer });
    expect(planned.digest).toBe(digest);
    expect(await appendLayer({ base, target, tag: 'one', layer, push: false })).toEqual({
      digest,
      isNew: false,
    });
  });

  test('copies what another registry has', async () => {
    await using other = await startRegistry();
    const target = repositoryOf(`${other.host}/team/copied`);
    const layer = await layerWith('copied');
    const said: string[] = [];
    await appendLayer({
      base: repositoryOf(`${proxy.host}/team/base:base`),
      target,
      tag: 'one',
      layer,
      progress: text => said.push(text),
    });
    const { layers } = parsed<Manifest>(await target.manifest('one'));
    for (const { digest } of layers) expect(await target.hasBlob(digest)).toBe(true);
    expect(said).toEqual([
      expect.stringMatching(/^copying \w{12} of the base image/),
      expect.stringMatching(/^pushing/),
      expect.stringMatching(/^pushing/),
    ]);
  });

  test('AL1: makes an index of an index, for all platforms or for those that are wanted, without attestations', async () => {
    const base = repositoryOf(`${proxy.host}/team/both:base`);
    const target = repositoryOf(`${proxy.host}/team/indexed`);
    const layer = await layerWith('indexed');
    const platformsOf = async (tag: string): Promise<string[]> => {
      const index = await target.manifest(tag);
      expect(index?.mediaType).toBe(OCI_INDEX);
      const { manifests } = parsed<Manifest>(index);
      for (const { digest } of manifests)
        expect(parsed<Manifest>(await target.manifest(digest)).layers[1]?.digest).toBe(layer.digest);
      return manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);
    };
    await appendLayer({ base, target, tag: 'all', layer });
    expect(await platformsOf('all')).toEqual(['linux/amd64', 'linux/arm64']);
    await appendLayer({ base, target, tag: 'one', layer, platforms: ['linux/arm64'] });
    expect(await platformsOf('one')).toEqual(['linux/arm64']);
  });

  test.each(['both', 'base'])('refuses a platform that the base "%s" lacks', async repository => {
    const base = repositoryOf(`${proxy.host}/team/${repository}:base`);
    const target = repositoryOf(`${proxy.host}/team/refused`);
    await expect(
      appendLayer({ base, target, tag: 'one', layer: await layerWith('x'), platforms: ['linux/s390x'] }),
    ).rejects.toMatchObject({
      problems: [
        {
          code: 'NO_PLATFORM',
          message: expect.stringContaining(
            `team/${repository}:base has none of the platforms linux/s390x`,
          ) as string,
          hint: `It has: ${repository === 'both' ? 'linux/amd64, linux/arm64' : 'linux/amd64'}.`,
        },
      ],
    });
    expect(proxy.requests.filter(isSending)).toEqual([]);
  });

  test('says which base there is not', async () => {
    const base = repositoryOf(`${proxy.host}/team/base:nowhere`);
    await expect(
      appendLayer({ base, target: base, tag: 'one', layer: await layerWith('x') }),
    ).rejects.toMatchObject({
      problems: [
        { code: 'NO_BASE_IMAGE', message: `The registry ${proxy.host} has no image team/base:nowhere.` },
      ],
    });
  });
});
