/** The library that finds credentials of Google: whoever uses such a store installs it. */
import { KtError } from '@kube-transform/sdk';
import type { AuthClient, GoogleAuth } from 'google-auth-library';
import { broken, parseAs, parseText } from '../../parse/parse-json.js';
import { object, record, text } from '../../parse/shapes.js';
import { shown } from '../../parse/stored-value.js';

const ACCOUNT = record<{ client_email: string; private_key: string }>({
  client_email: text,
  private_key: text,
});
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

/** Who asks Google. All reject with KtError `PACKAGE_MISSING`, and `STORE_FAILED` without credentials. */
export interface GoogleIdentity {
  /** Headers that prove who asks. */
  proof(): Promise<Record<string, string>>;
  /** The service account whose key is here, and what it signs, in base64; null where no key is. */
  signer(): Promise<{ email: string; sign(text: string): Promise<string> } | null>;
}

/** Finds credentials when they are first asked for. */
export function googleIdentity(store: string): GoogleIdentity {
  let library: Promise<GoogleAuth> | undefined;
  const asked = async <T>(ask: (auth: GoogleAuth) => Promise<T>): Promise<T> => {
    library ??= authLibrary().then(google => {
      const authClient = given(google);
      return new google.GoogleAuth(authClient === undefined ? { scopes: [SCOPE] } : { authClient });
    });
    const auth = await library;
    try {
      return await ask(auth);
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
  return {
    proof: () => asked(async auth => ({ authorization: `Bearer ${(await auth.getAccessToken()) ?? ''}` })),
    signer: () =>
      asked(async auth => {
        const { email, key } = (await auth.getClient()) as { email?: string; key?: string };
        if (email === undefined || key === undefined) return null;
        return { email, sign: text => auth.sign(text) };
      }),
  };
}

type Google = typeof import('google-auth-library');

/** A client of what a file of credentials holds, as a variable: that is what a Secret gives to pods. */
function given(google: Google): AuthClient | undefined {
  const text = process.env['GOOGLE_CREDENTIALS'];
  if (text === undefined || text === '') return undefined;
  const hint = 'Set it to what the JSON file of a service account holds.';
  const origin = { code: 'STORE_FAILED', file: 'GOOGLE_CREDENTIALS', name: 'variable', hint };
  const { type, ...more } = parseText(object, text, origin);
  if (type === 'service_account') {
    const { client_email: email, private_key: key } = parseAs(ACCOUNT, more, origin);
    return new google.JWT({ email, key, scopes: [SCOPE] });
  }
  const client = google.ExternalAccountClient.fromJSON({ type, ...more } as never);
  if (client === null) throw broken(origin, `it is of the type ${shown(type)}, which is not known here`);
  client.scopes = [SCOPE];
  return client;
}

async function authLibrary(): Promise<Google> {
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
