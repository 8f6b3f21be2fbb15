/** Reads and writes names of images: `registry.example:5000/team/app:tag@sha256:…`. */
import { KtError } from '@kube-transform/sdk';

/** A name in its parts. */
export interface ImageName {
  /** Host with its port. */
  registry: string;
  repository: string;
  tag: string | null;
  digest: string | null;
}

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const DOCKER_HUB = 'docker.io';

/**
 * Reads a name as Docker does: without a registry it is one of Docker Hub.
 *
 * @throws KtError `BAD_IMAGE`.
 */
export function parseImage(text: string): ImageName {
  const [, name = '', tag, digest] =
    /^([^@]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = isHost ? first : DOCKER_HUB;
  const path = isHost ? rest.join('/') : name;
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  if (!REPOSITORY.test(repository)) {
    throw new KtError({
      code: 'BAD_IMAGE',
      path: 'image',
      message: `"${text}" is not the name of an image.`,
      hint: 'Names are lower case: registry.example/team/app:tag.',
    });
  }
  return { registry, repository, tag: tag ?? null, digest: digest ?? null };
}

/** Where the API of a registry is. */
export const hostOf = ({ registry }: Pick<ImageName, 'registry'>): string =>
  registry === DOCKER_HUB ? 'registry-1.docker.io' : registry;

/** A name as text. */
export const imageText = ({ registry, repository, tag, digest }: ImageName): string =>
  `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
