/**
 * The delivery "docker" as far as it goes without a builder: a program of the test's stands in its place and
 * keeps what it was called with.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { chooseDelivery } from '../../packages/cli/src/delivery/choose-delivery.js';
import { DOCKERIGNORE, dockerfile } from '../../packages/cli/src/project/dockerfile.js';
import { clusterSettings } from '../../packages/runtime/src/kubernetes/manifests/cluster-settings.js';
import { expectMistake, project, runKt, SHAKY } from '../kit/kt.js';

const BASE = 'registry.example/team/node:22';
const KUBECONFIG = (context: string): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1' } }],
    users: [],
    contexts: [{ name: context, context: { cluster: 'c' } }],
    'current-context': context,
  });

/** A project, and what builds and loads its images: programs that write down their arguments. */
async function made(
  files: Record<string, string> = {},
): Promise<{ dir: string; calls: () => Promise<string[]>; bin: string }> {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, ...files });
  const bin = join(dir, 'bin');
  await mkdir(bin);
  for (const name of ['docker', 'podman', 'kind']) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "${dir}/calls"\n`);
    await chmod(join(bin, name), 0o755);
  }
  const calls = async (): Promise<string[]> =>
    (await readFile(join(dir, 'calls'), 'utf8').catch(() => '')).split('\n').filter(line => line !== '');
  return { dir, calls, bin };
}

/** Delivers what a project has. */
async function delivered(dir: string, context: Parameters<typeof chooseDelivery>[0], dryRun = false) {
  const bundle = await makeBundle({ entries: [join(dir, 'pipelines/shaky.ts')], projectDir: dir });
  const settings = clusterSettings({ namespace: 'n', store: 'file:/mnt/data', image: BASE });
  const delivery = chooseDelivery({ delivery: 'docker', ...context }, { dryRun, progress: () => undefined });
  return { bundle, ...(await delivery.deliver(bundle, settings)) };
}

/** Runs something with these programs first on the PATH. */
async function withPath<T>(bin: string, act: () => Promise<T>): Promise<T> {
  const before = process.env['PATH'];
  process.env['PATH'] = `${bin}:${before ?? ''}`;
  try {
    return await act();
  } finally {
    process.env['PATH'] = before;
  }
}

describe('kt init --docker', () => {
  test('leaves the Dockerfile that is built with, in a new project and in one that is there', async () => {
    const dir = await project();
    expect((await runKt(dir, ['init', 'new', '--docker'])).out).toMatch(
      /\.dockerignore\n[^]* {2}Dockerfile\n/,
    );
    const added = await runKt(dir, ['init', '--docker']);
    expect(added.out).toContain('Made a Dockerfile in this folder: 2 files.');
    for (const folder of [dir, join(dir, 'new')]) {
      expect(await readFile(join(folder, 'Dockerfile'), 'utf8')).toBe(dockerfile());
      expect(await readFile(join(folder, '.dockerignore'), 'utf8')).toBe(DOCKERIGNORE);
    }
    expectMistake(await runKt(dir, ['init', '--docker']), /FILE_EXISTS {2}.*Dockerfile/);
    expect((await runKt(dir, ['init', 'without'])).out).not.toContain('Dockerfile');
  });
});

describe('an image', () => {
  test('is built of the bundle and loaded into a cluster of this machine, which the kubeconfig names', async () => {
    const { dir, calls, bin } = await made({ 'kind.json': KUBECONFIG('kind-dev') });
    const { settings, bundle } = await withPath(bin, () =>
      delivered(dir, { kubeconfig: join(dir, 'kind.json') }),
    );
    const staged = join(dir, '.kt/images', bundle.digest);
    expect(settings).toMatchObject({
      image: expect.stringMatching(`^localhost/kt-pipelines:${bundle.digest}-\\w{8}$`),
      imagePullPolicy: 'IfNotPresent',
    });
    expect(await calls()).toEqual([
      `docker build --build-arg BASE=${BASE} --build-arg FROM_KT=. --file ${staged}/Dockerfile --tag ${settings.image} ${staged}`,
      `kind load docker-image ${settings.image} --name dev`,
    ]);
    expect(await readFile(join(staged, 'Dockerfile'), 'utf8')).toBe(dockerfile({ packages: false }));
    expect(await readFile(join(staged, 'bundle/worker.mjs'), 'utf8')).toBe(
      await readFile(bundle.worker, 'utf8'),
    );
  });

  test('is built with the Dockerfile of the project, where that is meant for it', async () => {
    const { dir, calls, bin } = await made({
      'kind.json': KUBECONFIG('kind-dev'),
      Dockerfile: 'FROM scratch\nCOPY server.js /\n',
    });
    const kubeconfig = join(dir, 'kind.json');
    const others = await withPath(bin, () => delivered(dir, { kubeconfig }));
    await writeFile(join(dir, 'Dockerfile'), `${dockerfile()}# changed\n`);
    const own = await withPath(bin, () => delivered(dir, { kubeconfig, platform: 'linux/arm64' }));
    const [ofOthers, , ofOwn] = await calls();
    expect(ofOthers).toContain(`--file ${join(dir, '.kt/images', others.bundle.digest)}/Dockerfile`);
    const args = `--build-arg BASE=${BASE} --build-arg FROM_KT=.kt/images/${own.bundle.digest} --file ${dir}/Dockerfile`;
    expect(ofOwn).toBe(`docker build --platform linux/arm64 ${args} --tag ${own.settings.image} ${dir}`);
    expect(own.settings.image).not.toBe(others.settings.image);
  });

  test('is what a command of the project makes', async () => {
    const { dir, bin } = await made({
      'build.sh':
        'echo "$KT_IMAGE $KT_BASE_IMAGE" > built; ls "$KT_BUILD_CONTEXT/bundle/worker.mjs" >> built\n',
    });
    await chmod(join(dir, 'build.sh'), 0o755);
    const { settings, bundle } = await withPath(bin, () => delivered(dir, { build: './build.sh' }));
    expect(settings.image).toBe(BASE);
    expect(await readFile(join(dir, 'built'), 'utf8')).toBe(
      `${BASE} ${BASE}\n${join(dir, '.kt/images', bundle.digest)}/bundle/worker.mjs\n`,
    );
    await expect(delivered(dir, { build: 'echo no room >&2; exit 3' })).rejects.toMatchObject({
      problems: [{ code: 'BUILD_FAILED', path: 'sh', message: 'It ended with 3: no room' }],
    });
  });

  test('needs a repository where the cluster is elsewhere; nothing is built where only the outcome is asked', async () => {
    const { dir, calls, bin } = await made({
      'far.json': KUBECONFIG('far'),
      'kind.json': KUBECONFIG('kind-dev'),
    });
    await expect(
      withPath(bin, () => delivered(dir, { kubeconfig: join(dir, 'far.json') })),
    ).rejects.toMatchObject({
      problems: [{ code: 'NO_REPOSITORY' }],
    });
    const { settings } = await withPath(bin, () =>
      delivered(dir, { kubeconfig: join(dir, 'kind.json') }, true),
    );
    expect(settings.image).toContain('localhost/kt-pipelines:');
    expect(await calls()).toEqual([]);
  });
});
