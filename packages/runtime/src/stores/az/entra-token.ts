/*
 * Tokens of Entra ID for Azure Storage, of the first of these that there is:
 *
 * 1. the workload identity of a pod (AZURE_FEDERATED_TOKEN_FILE), or the secret of an application
 *    (AZURE_CLIENT_SECRET), both with AZURE_CLIENT_ID and AZURE_TENANT_ID;
 * 2. the identity of the machine, where a program on it may ask for it;
 * 3. whoever has logged in with `az login`.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parseText } from '../../parse/parse-json.js';
import { record, type Shape, text } from '../../parse/shapes.js';
import { asText, HttpClient } from '../http/http-client.js';

const STORAGE = 'https://storage.azure.com/';
const AUTHORITY = 'https://login.microsoftonline.com/';
const MACHINE = 'http://169.254.169.254';
const MACHINE_MS = 1000;
/** So long before its end a token is no longer used. */
const MARGIN_MS = 5 * 60_000;
/** A token of the command line is kept for so long. */
const KEPT_SECONDS = 10 * 60;
const ORIGIN = {
  ...{ code: 'STORE_FAILED', file: 'a token of Entra ID', name: 'answer' },
  hint: 'See the variables AZURE_*, and az account get-access-token.',
};

interface Token {
  access_token: string;
  expires_in: number;
}
const seconds: Shape<number> = value => Number(value) || 0;
const TOKEN = record<Token>({ access_token: text, expires_in: seconds });
const CLI_TOKEN = record<{ accessToken: string }>({ accessToken: text });

/** Gives tokens, each as long as it is good. Rejects with an Error that says what was tried. */
export function entraToken(env: NodeJS.ProcessEnv): () => Promise<string> {
  const client = new HttpClient();
  let current: Promise<{ token: string; endMs: number }> | undefined;
  const get = async (): Promise<{ token: string; endMs: number }> => {
    const { access_token, expires_in } = await newToken(client, env);
    return { token: access_token, endMs: performance.now() + expires_in * 1000 - MARGIN_MS };
  };
  const fresh = (): Promise<{ token: string; endMs: number }> => {
    const getting = get();
    getting.catch(() => {
      if (current === getting) current = undefined;
    });
    return (current = getting);
  };
  return async () => {
    const had = await (current ?? fresh());
    return (had.endMs > performance.now() ? had : await fresh()).token;
  };
}

async function newToken(client: HttpClient, env: NodeJS.ProcessEnv): Promise<Token> {
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: id } = env;
  const { AZURE_FEDERATED_TOKEN_FILE: file, AZURE_CLIENT_SECRET: secret } = env;
  if (tenant && id && (file || secret)) {
    const proof: Record<string, string> = secret
      ? { client_secret: secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: (await readFile(file ?? '', 'utf8')).trim(),
        };
    const form = { client_id: id, grant_type: 'client_credentials', scope: `${STORAGE}.default`, ...proof };
    const authority = (env['AZURE_AUTHORITY_HOST'] || AUTHORITY).replace(/\/?$/, '/');
    const { value } = await client.send(
      {
        method: 'POST',
        url: `${authority}${tenant}/oauth2/v2.0/token`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(new URLSearchParams(form).toString()),
      },
      asText,
    );
    return parseText(TOKEN, value, ORIGIN);
  }
  return (await ofMachine(env)) ?? ofCommandLine();
}

/** The token of the machine; undefined where it has no identity, or nobody answers. */
async function ofMachine(env: NodeJS.ProcessEnv): Promise<Token | undefined> {
  const host = env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] || MACHINE;
  const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: STORAGE });
  if (env['AZURE_CLIENT_ID']) query.set('client_id', env['AZURE_CLIENT_ID']);
  const response = await fetch(`${host}/metadata/identity/oauth2/token?${query.toString()}`, {
    headers: { metadata: 'true' },
    signal: AbortSignal.timeout(MACHINE_MS),
  }).catch(() => undefined);
  const answer = await response?.text();
  return response?.ok === true && answer !== undefined ? parseText(TOKEN, answer, ORIGIN) : undefined;
}

async function ofCommandLine(): Promise<Token> {
  const args = ['account', 'get-access-token', '--output', 'json', '--resource', STORAGE];
  const { stdout } = await promisify(execFile)('az', args, { shell: process.platform === 'win32' });
  return { access_token: parseText(CLI_TOKEN, stdout, ORIGIN).accessToken, expires_in: KEPT_SECONDS };
}
