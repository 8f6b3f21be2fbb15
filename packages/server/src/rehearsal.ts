/** What a server does before it takes requests: all of it some times, so that no caller meets the first. */
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { KtError } from '@kube-transform/sdk';
import { serverApp } from './http/app.js';
import { listen } from './http/listen.js';
import { serverMetrics } from './http/metrics.js';
import { JobManager } from './jobs/managed-jobs.js';

/** A silent cluster is not waited for; of a processor that others use there is little at first. */
const CONNECT_WITHIN_MS = 1000;
const SERVE_WITHIN_MS = 5000;
/** After these the next is as quick as the hundredth. */
const REQUESTS = 12;
/** Others who serve may have the processor in between. */
const PAUSE_MS = 5;
const CONNECTIONS = 4;
const DEFINITION = 'rehearsal';
const TEMPLATE = `apiVersion: batch/v1
kind: Job
metadata: {name: "{{ name }}"}
spec:
  backoffLimit: {{ n | default(3) }}
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "example:1", command: [echo{% for one in words %}, "{{ one | upper }}"{% endfor %}]}
`;

/** What is rehearsed with. */
interface RehearsalOptions {
  api: KubeApi;
  clock: Clock;
  /** As it will listen. */
  ownsProcess: boolean;
}

/**
 * Opens connections to the cluster, and makes jobs of a template of its own up to the moment at which they
 * would be sent. Ends within some seconds, and never rejects.
 */
export async function rehearse(options: RehearsalOptions): Promise<void> {
  const { api, clock } = options;
  await Promise.all([
    within(clock, CONNECT_WITHIN_MS, signal => connect(api, signal)),
    within(clock, SERVE_WITHIN_MS, signal => serve(options, signal)),
  ]);
  if (options.ownsProcess) collectGarbage();
}

/**
 * What the start has left fills the heap to the brim: V8 would collect it, for 10 ms and more, at the first
 * request. A process can ask for that by this flag alone.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

/** Does something, and gives it up after a time. Never rejects. */
async function within(clock: Clock, ms: number, act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal);
  const done = act(over.signal);
  await Promise.race([done.catch(() => undefined), late.catch(() => undefined)]);
  over.abort();
}

/** What is asked changes nothing, and everybody may ask it. */
async function connect(api: KubeApi, signal: AbortSignal): Promise<void> {
  const kind = 'SelfSubjectAccessReview';
  const resourceAttributes = { namespace: api.namespace, verb: 'create', group: 'batch', resource: 'jobs' };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes } };
  const asked = Array.from({ length: CONNECTIONS }, (_, i) =>
    i === 0
      ? api.get(paths.jobs(api.namespace), { query: { limit: 1 }, retryForMs: 0, signal })
      : api.create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, {
          retryForMs: 0,
          signal,
        }),
  );
  await Promise.allSettled(asked);
}

/** Requests as callers send them, over loopback, to a server whose jobs end before they are made. */
async function serve({ api, clock, ownsProcess }: RehearsalOptions, signal: AbortSignal): Promise<void> {
  // Another one each time, as what was read of a text is kept.
  let asked = 0;
  const templateOf = async (): Promise<string> => `${TEMPLATE}# ${asked++}\n`;
  const jobs = new JobManager({
    api,
    signature: DEFINITION,
    definitions: { names: async () => [DEFINITION], templateOf },
    preCreate: () => {
      throw new KtError({ code: 'BAD_REQUEST', path: '', message: 'This is a rehearsal.' });
    },
  });
  const app = serverApp({ jobs, clock, metrics: serverMetrics(), ending: signal, perSec: 10 ** 6 });
  const server = await listen(app, { host: '127.0.0.1', port: 0, clock, ownsProcess });
  const agent = new Agent({ keepAlive: true });
  try {
    for (let i = 0; i < REQUESTS && !signal.aborted; i++) {
      await post(server.url, { agent, signal, i });
      await clock.sleep(PAUSE_MS, signal);
    }
  } finally {
    agent.destroy();
    await server.close(0);
  }
}

async function post(
  url: string,
  { agent, signal, i }: { agent: Agent; signal: AbortSignal; i: number },
): Promise<void> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': `k-${i}` };
  const body = JSON.stringify({ job_definition_name: DEFINITION, name: 'a', n: i, words: ['b', `c ${i}`] });
  await new Promise<void>((resolve, reject) => {
    const sent = request(`${url}/jobs`, { method: 'POST', headers, agent, signal }, answer => {
      answer.resume().on('end', resolve).on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}
