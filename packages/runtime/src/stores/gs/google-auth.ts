/** The library that finds credentials of Google: whoever uses such a store installs it. */
import { KtError } from '@kube-transform/sdk';

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

/** Gives headers that prove who asks. @throws KtError `PACKAGE_MISSING`, `STORE_FAILED` without credentials. */
export function googleProof(store: string): () => Promise<Record<string, string>> {
  let library: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | undefined;
  return async () => {
    library ??= authLibrary().then(({ GoogleAuth }) => new GoogleAuth({ scopes: [SCOPE] }));
    const auth = await library;
    try {
      return { authorization: `Bearer ${(await auth.getAccessToken()) ?? ''}` };
    } catch (cause) {
      throw new KtError(
        {
          code: 'STORE_FAILED',
          path: '',
          message: `There are no credentials for ${store}: ${(cause as Error).message}.`.replace(/\.+$/, '.'),
          hint: 'Run gcloud auth application-default login, name a file in GOOGLE_APPLICATION_CREDENTIALS, or use a service account; ?anonymous=true for a public bucket.',
        },
        { cause },
      );
    }
  };
}

async function authLibrary(): Promise<typeof import('google-auth-library')> {
  try {
    return await import('google-auth-library');
  } catch (cause) {
    if (!String((cause as { code?: unknown }).code).includes('MODULE_NOT_FOUND')) throw cause;
    throw new KtError(
      {
        code: 'PACKAGE_MISSING',
        path: '',
        message: 'Stores of gs: need the package google-auth-library, which is not installed.',
        hint: 'Run `npm install google-auth-library` in the project.',
      },
      { cause },
    );
  }
}
