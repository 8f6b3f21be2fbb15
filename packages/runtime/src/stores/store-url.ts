/** Reads what URLs of buckets have in common: `SCHEME://HOST/PATH?OPTION=…`. They never hold credentials. */
import { didYouMean, KtError } from '@kube-transform/sdk';

/** What a URL says; its options have been looked at, their values have not. */
export interface StoreUrl {
  host: string;
  path: string;
  given: Record<string, string>;
  /** The value of an option that is true or false. */
  flag(name: string): boolean | undefined;
  /** An error about this URL. */
  refuse(what: string, hint: string): KtError;
}

/** What a kind of store takes. */
export interface UrlRules {
  scheme: string;
  options: readonly string[];
  /** How such a URL is written, and where credentials come from: two sentences. */
  write: string;
  credentials: string;
}

/** Reads a URL. @throws KtError `UNKNOWN_STORE` for what it does not understand, and for credentials. */
export function readStoreUrl(url: string, { scheme, options, write, credentials }: UrlRules): StoreUrl {
  const refuse = (what: string, hint: string): KtError => unknownStore(url, what, hint);
  const [, found = '', host = '', path = '', query = ''] =
    /^([a-z][a-z0-9]*):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url) ?? [];
  if (host.includes('@')) throw refuse('holds credentials', `${write} ${credentials}`);
  const given: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!options.includes(name)) {
      if (SECRET.test(name))
        throw refuse(`has the option "${name}", and credentials do not belong there`, credentials);
      const known = `${didYouMean(name, options) ?? ''} Known: ${options.join(', ')}.`.trim();
      throw refuse(`has the unknown option "${name}"`, known);
    }
    given[name] = value;
  }
  const { endpoint } = given;
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/?$/i.test(endpoint))
    throw refuse(
      `has the endpoint "${endpoint}"`,
      'Write the address of the server: endpoint=https://HOST:PORT.',
    );
  const flag = (name: string): boolean | undefined => {
    const value = given[name];
    if (value === undefined) return undefined;
    if (value === 'true' || value === '') return true;
    if (value === 'false') return false;
    throw refuse(`has the option ${name}=${value}`, `Write ${name}=true or ${name}=false.`);
  };
  return { host: found.toLowerCase() === scheme ? host : '', path, given, flag, refuse };
}

/** Text in a query or a path as signatures take it: but for letters, digits and `-._~` all is escaped. */
export const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const SECRET = /key|secret|token|password|sig/i;

/** An error about the URL of a store. */
export const unknownStore = (url: string, what: string, hint: string): KtError =>
  new KtError({
    code: 'UNKNOWN_STORE',
    path: '',
    hint,
    message: `The store ${JSON.stringify(withoutSecrets(url))} ${what}.`,
  });

/** A URL as it may be shown: what looks like credentials is not. */
const withoutSecrets = (url: string): string =>
  url.replace(/\/\/[^/?]*@/, '//…@').replace(/((?:key|secret|token|password|sig)[^=&]*=)[^&]*/gi, '$1…');
