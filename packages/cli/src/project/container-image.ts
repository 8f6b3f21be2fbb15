/** Finds the image of container steps that name none, for a run that is begun here. */
import { IMAGE_VARIABLES } from '@kube-transform/runtime/internal';
import { loadConfig } from './load-config.js';
import { projectAround } from './project-dir.js';
import { resolveContext } from './resolve-context.js';

/** An image, and where it was named. */
export interface NamedImage {
  image: string;
  from: string;
}

/**
 * What was typed, else what a variable names, else the context of the configuration; undefined where nothing
 * does.
 *
 * @throws KtError as `loadConfig` and `resolveContext` do.
 */
export async function containerImage(typed: string | undefined): Promise<NamedImage | undefined> {
  if (typed !== undefined) return { image: typed, from: '--container-image' };
  const { env } = process;
  for (const from of IMAGE_VARIABLES) if (env[from]) return { image: env[from], from };
  const config = await loadConfig(projectAround());
  if (config === null) return undefined;
  const { values, from } = resolveContext({ typed: {}, env, config, last: null });
  return values.containerImage === undefined
    ? undefined
    : { image: values.containerImage, from: from.containerImage ?? config.file };
}

/** What people are told of it. */
export const imageNote = ({ image, from }: NamedImage): string =>
  `note: container steps without an image run ${image} (${from === 'typed' ? '--container-image' : from}).`;
