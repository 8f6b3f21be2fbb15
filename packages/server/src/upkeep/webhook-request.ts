/** One request of a webhook, signed as Standard Webhooks says. */
import { createHmac } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '@kube-transform/runtime';
import { KtError } from '@kube-transform/sdk';
import { type JobObject, MARK, wordFor } from '../jobs/job-object.js';

/** Who is told, and how it is known that we told. */
export interface WebhookSettings {
  /** The one URL that is asked. */
  url: string;
  /** A file with secrets: `whsec_` and 24 to 64 bytes as base64; each signs. */
  secretPath: string;
}

/** What is sent, but for its time. */
export interface WebhookMessage {
  /** The same whenever it is sent. */
  id: string;
  body: string;
}

const ANSWER_WITHIN_MS = 10_000;
const [LEAST, MOST] = [24, 64];

/** Whether a webhook can be there. */
export function isWebhookUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** The secrets in a file, each a word. @throws KtError `BAD_WEBHOOK_SECRET` */
export function readSecrets(text: string, file: string): Buffer[] {
  const words = text.split(/\s+/).filter(word => word !== '');
  return (words.length === 0 ? [''] : words).map(word => {
    const base64 = word.replace(/^whsec_/, '');
    const secret = Buffer.from(base64, 'base64');
    const isWhole = /^[A-Za-z0-9+/]+={0,2}$/.test(base64);
    if (isWhole && secret.length >= LEAST && secret.length <= MOST) return secret;
    throw new KtError({
      code: 'BAD_WEBHOOK_SECRET',
      path: file,
      message: `The file of the webhook's secret has a word that is none: expected whsec_ and ${LEAST} to ${MOST} bytes as base64.`,
      hint: 'This makes one: echo "whsec_$(openssl rand -base64 32)"',
    });
  });
}

/** What is told of a Job that has ended: the same text whenever it is asked for. */
export function endMessage(job: JobObject): WebhookMessage {
  const { metadata, status } = job;
  const word = wordFor(job);
  const end = status?.conditions?.find(({ type, status: is }) => type === word && is === 'True');
  const endTime = status?.completionTime ?? end?.lastTransitionTime ?? null;
  const body = JSON.stringify({
    type: word === 'Complete' ? 'job.completed' : 'job.failed',
    timestamp: endTime,
    data: {
      job_name: metadata.name,
      job_definition_name: metadata.labels?.[MARK.definition] ?? null,
      retry_of: metadata.annotations?.[MARK.retryOf] ?? null,
      state: word,
      reason: end?.reason ?? null,
      message: end?.message ?? null,
      created_time: metadata.creationTimestamp ?? null,
      start_time: status?.startTime ?? null,
      end_time: endTime,
    },
  });
  return { id: `msg_${metadata.uid ?? metadata.name}`, body };
}

/** The headers that show who sends a message. */
export function signedHeaders(
  { id, body }: WebhookMessage,
  secrets: readonly Buffer[],
  nowMs: number,
): Record<string, string> {
  const time = String(Math.floor(nowMs / 1000));
  const signed = secrets.map(
    secret => `v1,${createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signed.join(' ') };
}

/**
 * Sends a message once, on a connection of its own, and follows no redirect; the status of the answer.
 * Rejects where none comes within 10 s.
 */
export async function send(
  url: string,
  message: WebhookMessage,
  { secrets, clock }: { secrets: readonly Buffer[]; clock: Clock },
): Promise<number> {
  const over = new AbortController();
  const late = new AbortController();
  clock.sleep(ANSWER_WITHIN_MS, over.signal).then(
    () => late.abort(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
    () => undefined,
  );
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(message.body),
    'User-Agent': 'kube-transform',
    ...signedHeaders(message, secrets, clock.nowMs()),
  };
  try {
    return await new Promise<number>((resolve, reject) => {
      const request = url.startsWith('https:') ? requestHttps : requestHttp;
      const sent = request(url, { method: 'POST', headers, agent: false, signal: late.signal }, answer => {
        resolve(answer.statusCode ?? 0);
        // What else it says is not read.
        answer.destroy();
      });
      sent.on('error', error => reject(late.signal.aborted ? (late.signal.reason as Error) : error));
      sent.end(message.body);
    });
  } finally {
    over.abort();
  }
}
