/**
 * `POST /jobs` of two servers, of which one is killed every 5 s, beside bare creates in the same seconds: of
 * `kt serve`, and of a relay that does nothing but pass a request on. KT_BENCH_SECONDS: for how long (60);
 * KT_BENCH_ROUNDS: how often each (1).
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubeConnection } from '@kube-transform/cli';
import { systemClock } from '@kube-transform/runtime/internal';
import { paths } from '@kube-transform/runtime/kubernetes';
import { openPlace } from '../../test/e2e/open-place.mjs';

const SECONDS = Number(process.env.KT_BENCH_SECONDS ?? 60);
const ROUNDS = Number(process.env.KT_BENCH_ROUNDS ?? 1);
const [PER_SEC, KILL_EVERY_MS, WARM_UP] = [20, 5000, 20];
const inRepository = path => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export async function benchFire() {
  const rows = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const kind of ['relay', 'kt serve']) rows.push(await fired(kind));
  return rows;
}

async function fired(kind) {
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const { answers, bare, killed, again } = await load(place, await commandOf(kind, place));
    const [p99, bareP99] = [quantile(0.99, answers), quantile(0.99, bare)];
    return {
      name: `POST /jobs of ${kind}, 20 a second for ${SECONDS} s, one of two killed every 5 s, p99 / a bare create`,
      medianMs: p99,
      baselineMs: bareP99,
      ratio: p99 / bareP99,
      goal: 1.5,
      note: `p50 ${quantile(0.5, answers).toFixed(1)} / ${quantile(0.5, bare).toFixed(1)} ms; ${killed} killed, ${again} sent again`,
    };
  } finally {
    await place.api.deleteAll(paths.jobs(place.namespace), {});
    await place.close();
  }
}

const jobOf = ({ settings }) => ({
  suspend: true,
  backoffLimit: 0,
  template: {
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: settings.image, command: ['true'] }],
    },
  },
});

/** What is started, and what it is asked for. */
async function commandOf(kind, place) {
  const { namespace, dir } = place;
  const spec = jobOf(place);
  if (kind === 'relay') {
    const at = await kubeConnection({ kubeconfig: process.env.KT_E2E_KUBECONFIG, namespace });
    const [ca, cert, key] = [at.ca, at.cert, at.key].map(pem => pem?.toString());
    const env = { KT_RELAY: JSON.stringify({ server: at.server, namespace, ca, cert, key }) };
    return { args: [inRepository('bench/runs/relay.mjs')], env, body: JSON.stringify({ spec }) };
  }
  const list = join(dir, 'definitions.yaml');
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'fire' }, spec };
  await writeFile(list, JSON.stringify([{ name: 'fire', spec: JSON.stringify(job) }]));
  const env = {
    KUBECONFIG: process.env.KT_E2E_KUBECONFIG,
    JOB_SIGNATURE: 'bench-fire',
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: list,
  };
  const args = [inRepository('packages/cli/bin/kt.js'), 'serve', '--port', '0'];
  return { args, env, body: JSON.stringify({ job_definition_name: 'fire' }) };
}

async function serving({ args, env }) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise(resolve => child.on('close', resolve));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', chunk => {
      said += String(chunk);
      const found = /at (http:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  return { url, kill: () => (child.kill('SIGKILL'), ended) };
}

async function load({ api, namespace, settings }, command) {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });
  const servers = await Promise.all([serving(command), serving(command)]);
  const [answers, bare] = [[], []];
  let [killed, again] = [0, 0];
  const post = async i => {
    for (let attempt = i; ; attempt++) {
      const beganMs = performance.now();
      const status = await send(`${servers[attempt % 2].url}/jobs`, {
        agent,
        body: command.body,
        key: `k-${i}`,
      });
      if (status === 200) return void answers.push(performance.now() - beganMs);
      if (status !== undefined && status < 500) throw new Error(`POST /jobs was answered with ${status}.`);
      again++;
      await systemClock.sleep(100);
    }
  };
  const create = async i => {
    const beganMs = performance.now();
    await api.create(paths.jobs(namespace), { metadata: { name: `bare-${i}` }, spec: jobOf({ settings }) });
    bare.push(performance.now() - beganMs);
  };
  const over = new AbortController();
  const kill = async () => {
    for (; ; killed++) {
      await systemClock.sleep(KILL_EVERY_MS, over.signal).catch(() => undefined);
      if (over.signal.aborted) return;
      await servers[killed % 2].kill();
      servers[killed % 2] = await serving(command);
    }
  };
  try {
    // Callers are to be warm, with a server and without.
    for (let i = 1; i <= WARM_UP; i++) {
      await post(SECONDS * PER_SEC + i);
      await create(SECONDS * PER_SEC + i);
    }
    answers.length = bare.length = 0;
    const asked = Promise.all([every(0, post), every(0.5, create)]).finally(() => over.abort());
    // Both have ended before servers are: one may be starting.
    for (const { reason } of await Promise.allSettled([asked, kill()]))
      if (reason !== undefined) throw reason;
  } finally {
    // Also where something failed: nobody else ends them.
    over.abort();
    await Promise.all(servers.map(server => server.kill()));
    agent.destroy();
  }
  return { answers, bare, killed, again };
}

/** `shift`: of the time between two, so that others come between. */
async function every(shift, act) {
  const beganMs = performance.now();
  const acts = [];
  for (let i = 1; i <= SECONDS * PER_SEC; i++) {
    await systemClock.sleep(Math.max(0, beganMs + ((i + shift) * 1000) / PER_SEC - performance.now()));
    const acting = act(i);
    // Told of below, when the others have ended too.
    acting.catch(() => undefined);
    acts.push(acting);
  }
  await Promise.all(acts);
}

/** The status of the answer; undefined where the server went away. */
function send(url, { agent, body, key }) {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': key,
  };
  return new Promise(resolve => {
    const sent = request(url, { method: 'POST', headers, agent }, answer =>
      answer
        .resume()
        .on('end', () => resolve(answer.statusCode))
        .on('error', () => resolve(undefined)),
    );
    sent.on('error', () => resolve(undefined)).end(body);
  });
}

const quantile = (q, times) => [...times].sort((a, b) => a - b)[Math.ceil(times.length * q) - 1];
