/** The library that finds credentials of Google: whoever uses such a store installs it. */
import { type JsonObject, KtError, omitUndefined } from '@kube-transform/sdk';
import { parseText } from '../../parse/parse-json.js';
import { object } from '../../parse/shapes.js';

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

/** Headers that prove who asks. @throws KtError `PACKAGE_MISSING`, `STORE_FAILED` without credentials. */
export function googleProof(store: string): () => Promise<Record<string, string>> {
  let library: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | undefined;
  return async () => {
    library ??= authLibrary().then(
      ({ GoogleAuth }) => new GoogleAuth({ scopes: [SCOPE], ...omitUndefined({ credentials: given() }) }),
    );
    const auth = await library;
    try {
      return { authorization: `Bearer ${(await auth.getAccessToken()) ?? ''}` };
    } catch (cause) {
      throw new KtError(
        {
          code: 'STORE_FAILED',
          path: '',
          message: `There are no credentials for ${store}: ${(cause as Error).message}.`.replace(/\.+$/, '.'),
          hint: 'Run gcloud auth application-default login, name a file in GOOGLE_APPLICATION_CREDENTIALS (or give what it holds in GOOGLE_CREDENTIALS), or use a service account; ?anonymous=true for a public bucket.',
        },
        { cause },
      );
    }
  };
}

/** What a file of credentials holds, as the text of a variable: that is what a Secret gives to pods. */
function given(): JsonObject | undefined {
  const text = process.env['GOOGLE_CREDENTIALS'];
  if (text === undefined || text === '') return undefined;
  const hint = 'Set it to what the JSON file of a service account holds.';
  return parseText(object, text, {
    code: 'STORE_FAILED',
    file: 'GOOGLE_CREDENTIALS',
    name: 'variable',
    hint,
  });
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
