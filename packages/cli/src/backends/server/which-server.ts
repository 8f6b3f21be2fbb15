/** Which job server is meant: what was typed, else KT_SERVER where no other place was. */
import { KtError, omitUndefined } from '@kube-transform/sdk';

/** What may be typed about where runs are. */
interface Typed {
  server?: string | undefined;
  store?: unknown;
  context?: string | undefined;
  namespace?: string | undefined;
  kubeconfig?: string | undefined;
}

const TOKEN_HINT = 'A token goes into the variable KT_SERVER_TOKEN, where no list of processes shows it.';

/** The URL of the server that is meant; undefined where none is. @throws KtError `BAD_OPTIONS` */
export function serverMeant(
  { server, store, context, namespace, kubeconfig }: Typed,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const [other] = Object.keys(omitUndefined({ store, context, namespace, kubeconfig }));
  if (server !== undefined && other !== undefined) {
    const message = `--server means runs of a job server, and --${other} ${other === 'store' ? 'a run here' : 'one in a cluster'}.`;
    throw new KtError({ code: 'BAD_OPTIONS', path: '--server', message, hint: 'Give one of them.' });
  }
  if (server !== undefined) return checked(server, '--server');
  const named = env['KT_SERVER'];
  return other !== undefined || named === undefined || named === '' ? undefined : checked(named, 'KT_SERVER');
}

function checked(text: string, path: string): string {
  const refuse = (message: string, hint: string): KtError =>
    new KtError({ code: 'BAD_OPTIONS', path, message, hint });
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw refuse(
      `${path} is to be a URL such as https://jobs.example, not ${shown(text)}.`,
      'Begin it with https://.',
    );
  if (url.username !== '' || url.password !== '')
    throw refuse(`${path} has a name or a password in its URL.`, TOKEN_HINT);
  if (url.search !== '' || url.hash !== '')
    throw refuse(`${path} has something after a "?" or "#" in its URL.`, 'Leave that out.');
  return url.href.replace(/\/+$/, '');
}

/** What was typed, without what may be a secret. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 80).replace(/\/\/[^/@]*@/, '//…@'));

/** Whether nobody on the way can read what is sent. */
export function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}
