/** Requests as the client of the API sends them: callers cost the same with a server and without. */
import { Agent, request } from 'node:http';
import { onTestFinished } from 'vitest';

/** What came back. */
export interface Posted {
  status: number;
  text: string;
}

const WITHIN_MS = 20_000;

/** Sends requests over connections that are kept until the test has finished. */
export function poster(): (url: string, headers: Record<string, string>, body: string) => Promise<Posted> {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });
  onTestFinished(() => agent.destroy());
  return (url, headers, body) =>
    new Promise((resolve, reject) => {
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const signal = AbortSignal.timeout(WITHIN_MS);
      const sent = request(
        url,
        { method: 'POST', headers: { ...headers, ...length }, agent, signal },
        answer => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => void chunks.push(chunk)).on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      sent.on('error', reject).end(body);
    });
}
