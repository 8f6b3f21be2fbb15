/** Loads the job server, which not everybody who has `kt` has. */
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/** The package. @throws KtError `NO_SERVER` where it is not installed */
export const loadServer = (): Promise<typeof import('@kube-transform/server')> =>
  loaded(() => import('@kube-transform/server'));

/** What serves, in one file that is read quickly. @throws KtError `NO_SERVER` */
export const loadServing = (): Promise<typeof import('@kube-transform/server/serve')> =>
  loaded(() => import('@kube-transform/server/serve'));

async function loaded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    const message = isMissing
      ? 'The job server is a package of its own, which is not installed.'
      : `The job server cannot be loaded: ${messageOf(error)}`;
    throw new KtError(
      { code: 'NO_SERVER', path: '', message, hint: 'npm install @kube-transform/server' },
      { cause: error },
    );
  }
}
