/**
 * `node bench/followers.mjs [N]`: N followers of one job's log at one server, before a stand-in of the API
 * server: requests and streams that it sees, memory of the server, and how long a line takes.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const N = Number(process.argv[2] ?? 1000);
const LINES = 20;
const EVERY_MS = 500;
const bin = fileURLToPath(new URL('../packages/cli/bin/kt.js', import.meta.url));
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

const job = {
  metadata: { name: 'a', labels: { 'app.kubernetes.io/managed-by': 's' } },
  spec: { template: { spec: { containers: [{ name: 'main' }] } } },
  status: { active: 1, ready: 1 },
};
const pod = { metadata: { name: 'a-0' }, spec: job.spec.template.spec, status: { phase: 'Running' } };
const streams = new Set();
let asked = 0;
const api = createServer((request, response) => {
  if (request.url.includes('/log?')) return void streams.add(response.writeHead(200));
  asked++;
  const body = /\/jobs\/a/.test(request.url)
    ? job
    : { metadata: {}, items: request.url.includes('/pods') ? [pod] : [] };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
await new Promise(resolve => api.listen(0, '127.0.0.1', resolve));

const dir = await mkdtemp(join(tmpdir(), 'kt-followers-'));
const server = `http://127.0.0.1:${api.address().port}`;
await writeFile(join(dir, 'definitions.yaml'), '[]');
await writeFile(
  join(dir, 'kubeconfig'),
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 't' } }],
  }),
);
const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], {
  env: {
    ...process.env,
    KUBECONFIG: join(dir, 'kubeconfig'),
    JOB_SIGNATURE: 's',
    JOB_NAMESPACE: 'jobs',
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
    JOB_SERVER_REQUESTS_PER_SEC: '100000',
  },
});
const url = await new Promise((resolve, reject) => {
  let said = '';
  child.stderr.on('data', chunk => {
    said += chunk;
    const found = /at (http:\S+)/.exec(said)?.[1];
    if (found !== undefined) resolve(found);
  });
  child.on('close', () => reject(new Error(said)));
});
const residentMiB = async () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024);

try {
  await wait(1000);
  const before = await residentMiB();
  const late = [];
  const statuses = new Map();
  for (let i = 0; i < N; i++)
    get(`${url}/jobs/a/logs/follow`, { agent: false }, answer => {
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
      answer
        .on('error', () => undefined)
        .on('data', chunk => {
          for (const [, at] of String(chunk).matchAll(/at=(\d+)/g)) late.push(Date.now() - Number(at));
        });
    }).on('error', () => statuses.set('cut', (statuses.get('cut') ?? 0) + 1));
  for (let i = 0; i < 60 && (statuses.get(200) ?? 0) < N; i++) await wait(500);
  await wait(1000);
  const opened = streams.size;
  const [askedBefore, beganMs] = [asked, Date.now()];
  for (let n = 0; n < LINES; n++) {
    for (const stream of streams)
      stream.write(`2026-01-01T00:00:${String(n).padStart(2, '0')}Z at=${Date.now()}\n`);
    await wait(EVERY_MS);
  }
  const perSec = ((asked - askedBefore) * 1000) / (Date.now() - beganMs);
  late.sort((a, b) => a - b);
  const at = share => late[Math.ceil(late.length * share) - 1];
  console.log(
    `${N} followers (${[...statuses].map(([status, n]) => `${n}: ${status}`).join(', ')}): ${opened} streams and ${perSec.toFixed(1)} requests/s upstream; ` +
      `${before} MiB before, ${await residentMiB()} MiB with them; ${late.length} of ${N * LINES} lines, after ${at(0.5)} ms (median), ${at(0.99)} ms (99 of 100).`,
  );
} finally {
  child.kill('SIGKILL');
  for (const stream of streams) stream.destroy();
  api.close();
  await rm(dir, { recursive: true, force: true });
}
process.exit(0);
