/**
 * The least that can stand between a caller and the API server: makes a Job of each `POST /jobs`, whose name
 * is that of its key, and does nothing else. Started by `fire.mjs`, with KT_RELAY: how to reach the cluster.
 */
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import { createHash } from 'node:crypto';

const { server, namespace, ca, cert, key } = JSON.parse(process.env.KT_RELAY);
const jobs = `${server}/apis/batch/v1/namespaces/${namespace}/jobs`;
const agent = new Agent({ keepAlive: true, scheduling: 'lifo', ca, cert, key });

function ask(method, url, body = '') {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers }, answer =>
      answer.resume().on('end', () => resolve(answer.statusCode)),
    );
    sent.on('error', reject).end(body);
  });
}

async function make(text, keyOfRequest) {
  const { spec } = JSON.parse(text);
  const name = `relayed-${createHash('sha256').update(keyOfRequest).digest('hex').slice(0, 20)}`;
  const status = await ask('POST', jobs, JSON.stringify({ metadata: { name }, spec }));
  return [status === 201 || status === 409 ? 200 : 502, JSON.stringify({ job_name: name })];
}

// Connections that the first callers need.
await Promise.all([1, 2, 3, 4].map(() => ask('GET', `${jobs}?limit=1`)));
const relay = createServer((asked, answer) => {
  let text = '';
  asked.setEncoding('utf8').on('data', chunk => (text += chunk));
  asked.on('end', () =>
    make(text, asked.headers['idempotency-key']).then(
      ([status, body]) => answer.writeHead(status, { 'content-type': 'application/json' }).end(body),
      error => answer.writeHead(502).end(String(error)),
    ),
  );
});
relay.listen(0, '127.0.0.1', () => console.error(`at http://127.0.0.1:${relay.address().port}`));
