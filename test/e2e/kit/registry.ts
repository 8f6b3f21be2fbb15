/** The registry from which the cluster has its image, and a builder: where tests may push, and with what. */
import { spawnSync } from 'node:child_process';
import { parseImage } from '../../../packages/cli/src/registry/image-name.js';
import { E2E } from './cluster.js';

/** Arguments of kt that say where to push to; the reason where that is nowhere. */
export type PushArgs = { args: readonly string[]; why?: undefined } | { args?: undefined; why: string };

/**
 * KT_E2E_REPOSITORY, else a repository beside the image with Node, where that is not one of the Docker Hub.
 */
export async function pushArgs(): Promise<PushArgs> {
  const image = parseImage(E2E.image);
  const given = process.env['KT_E2E_REPOSITORY'];
  if (given === undefined && image.registry === 'docker.io')
    return { why: 'no registry to push to: set KT_E2E_REPOSITORY' };
  const repository = given ?? `${image.registry}/kt-e2e/pipelines`;
  return {
    args: [
      '--repository',
      repository,
      ...((await speaksPlainHttp(parseImage(repository).registry)) ? ['--insecure-registry'] : []),
    ],
  };
}

const speaksPlainHttp = (registry: string): Promise<boolean> =>
  fetch(`http://${registry}/v2/`, { redirect: 'manual' }).then(
    ({ status }) => status === 200 || status === 401,
    () => false,
  );

/** Name of a builder that works here: KT_BUILDER, else the first. Undefined where none does. */
export function workingBuilder(): string | undefined {
  const wanted = process.env['KT_BUILDER'];
  return [...(wanted === undefined ? ['docker', 'podman', 'nerdctl', 'buildah'] : [wanted])].find(
    name => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0,
  );
}
