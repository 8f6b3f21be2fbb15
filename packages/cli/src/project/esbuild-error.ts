/** Makes problems of esbuild's failures, each with file and line. */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import { type BuildFailure, formatMessages } from 'esbuild';

/** A failure of esbuild as a KtError `BUNDLE_FAILED`; anything else as it is. */
export async function bundleError(thrown: unknown): Promise<unknown> {
  const failure = thrown as BuildFailure;
  if (!Array.isArray(failure.errors)) return failure;
  const texts = await formatMessages(failure.errors, { kind: 'error', color: false });
  return new KtError(
    failure.errors.map((error, i) => ({
      code: 'BUNDLE_FAILED',
      path:
        error.location === null
          ? ''
          : `${error.location.file}:${error.location.line}:${error.location.column + 1}`,
      message: error.location === null ? (texts[i] ?? error.text).trim() : `${error.text}.`,
      ...omitUndefined({ hint: resolveHint(error.text) }),
    })),
    { cause: failure },
  );
}

const resolveHint = (text: string): string | undefined =>
  text.startsWith('Could not resolve') ? 'Is the path right, and the package installed?' : undefined;
