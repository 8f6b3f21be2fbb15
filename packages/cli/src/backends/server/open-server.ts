/** Opens the runs of a job server. */
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { ServerClient } from '@kube-transform/server/client';
import { ServerBackend } from './server-backend.js';
import { isPrivate } from './which-server.js';

/** How it is opened. */
export interface OpenServerOptions {
  /** Default: KT_SERVER_TOKEN. */
  token?: string | undefined;
  /** Told where somebody may read what is sent. */
  note?: ((text: string) => void) | undefined;
}

/** A server, to call and as a backend. */
export interface OpenedServer {
  client: ServerClient;
  backend: ServerBackend;
}

/** Long enough for a server that is replaced, and short for somebody who waits. */
const RETRY_FOR_MS = 5000;

/** Opens it; that it is away, its first call says. @throws KtError `BAD_TOKEN`, `NO_SERVER`. */
export async function openServer(url: string, options: OpenServerOptions = {}): Promise<OpenedServer> {
  const { token = process.env['KT_SERVER_TOKEN'], note = () => undefined } = options;
  const given = token === '' ? undefined : token;
  if (given !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(given))
    throw new KtError({
      code: 'BAD_TOKEN',
      path: 'KT_SERVER_TOKEN',
      message: 'The token has signs that none has: a blank, a line break, or what is not ASCII.',
      hint: 'Does it come from a file? Take it without the line break at its end.',
    });
  if (given !== undefined && !isPrivate(url))
    note(`The token goes to ${url} as it is, where whoever is on the way can read it: https:// hides it.`);
  const { ServerClient, isAway } = await loadClient();
  const client = new ServerClient({ url, retryForMs: RETRY_FOR_MS, ...omitUndefined({ token: given }) });
  return { client, backend: new ServerBackend(client, { isAway }) };
}

async function loadClient(): Promise<typeof import('@kube-transform/server/client')> {
  try {
    return await import('@kube-transform/server/client');
  } catch (cause) {
    const message = `The client of the job server cannot be loaded: ${messageOf(cause)}.`;
    const hint = 'npm install @kube-transform/server';
    throw new KtError({ code: 'NO_SERVER', path: '', message, hint }, { cause });
  }
}
