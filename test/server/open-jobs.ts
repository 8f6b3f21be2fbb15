/** A manager and a server's answers over a scripted cluster. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isKtError } from '@kube-transform/sdk';
import { expect } from 'vitest';
import { KubeApi } from '@kube-transform/runtime/kubernetes';
import {
  FileDefinitions,
  JobManager,
  type JobManagerOptions,
  serverApp,
  type AppOptions,
  serverMetrics,
} from '@kube-transform/server';
import { FakeClock } from '../kit/fake-clock.js';
import { KubeServer, statusBody } from '../kit/kube-server.js';
import { undocumented } from './documented.js';

export const SIGNATURE = 'sig-1';
export const HELLO = `apiVersion: batch/v1
kind: Job
metadata:
  name: hello
spec:
  template:
    spec:
      containers:
        - name: main
          image: busybox:1.36
          command: ["echo", "hi"]
      restartPolicy: Never
  backoffLimit: 0
`;

/** A Job as it was sent to be made. */
export interface SentJob {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    template: {
      metadata?: object;
      spec: { containers: Record<string, unknown>[]; [field: string]: unknown };
    };
    [field: string]: unknown;
  };
}

/** What the server answers, as far as tests look into it. */
export interface AnswerBody {
  error?: string;
  code?: string;
  hint?: string;
  job_name?: string;
  [field: string]: unknown;
}

/** A Job to put into the cluster, with its pods and their logs. */
export interface JobThere {
  metadata: { name: string; annotations?: Record<string, string>; [field: string]: unknown };
  _pods?: {
    metadata: { name: string };
    _logs?: Record<string, string | { code: number; message: string }>;
  }[];
  [field: string]: unknown;
}

/** How a test's server is made. */
export interface OpenOptions {
  /** The list of definitions; `<dir>` stands for the folder of the test. */
  definitions?: readonly object[];
  /** By their paths in the folder of the test. */
  files?: Readonly<Record<string, string>>;
  manager?: Partial<JobManagerOptions>;
  app?: Partial<AppOptions>;
}

/** All that a test has. */
export class OpenJobs {
  readonly kube: KubeServer;
  readonly clock = new FakeClock();
  readonly dir: string;
  readonly told: string[] = [];
  readonly ending = new AbortController();
  api!: KubeApi;
  definitions!: FileDefinitions;
  jobs!: JobManager;
  app!: ReturnType<typeof serverApp>;

  private constructor(kube: KubeServer, dir: string) {
    this.kube = kube;
    this.dir = dir;
  }

  static async open(options: OpenOptions = {}): Promise<OpenJobs> {
    const opened = new OpenJobs(await KubeServer.start(), await mkdtemp(join(tmpdir(), 'kt-server-')));
    try {
      await opened.#begin(options);
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  async #begin({
    definitions = [{ name: 'hello', spec: HELLO }],
    files = {},
    manager,
    app,
  }: OpenOptions): Promise<void> {
    for (const [name, text] of Object.entries(files)) await this.write(name, text);
    await this.define(definitions);
    const connection = {
      name: 'fake',
      server: this.kube.url,
      namespace: 'jobs',
      token: async () => 'secret',
    };
    this.api = new KubeApi(connection, { clock: this.clock, retryForMs: 0 });
    const tell = (message: string): void => void this.told.push(message);
    this.definitions = new FileDefinitions(join(this.dir, 'definitions.yaml'), { api: this.api, tell });
    await this.definitions.start();
    this.jobs = new JobManager({
      api: this.api,
      signature: SIGNATURE,
      definitions: this.definitions,
      clock: this.clock,
      ...manager,
    });
    const serving = {
      jobs: this.jobs,
      clock: this.clock,
      metrics: serverMetrics(),
      ending: this.ending.signal,
      tell,
    };
    this.app = serverApp({ ...serving, ...app });
  }

  /** Writes the list of definitions. JSON is YAML. */
  async define(definitions: readonly object[]): Promise<void> {
    await this.write('definitions.yaml', JSON.stringify(definitions).replaceAll('<dir>', this.dir));
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.dir, name), text);
  }

  /** The Jobs that were sent to be made, as they were sent. */
  created(): SentJob[] {
    return this.kube
      .askedFor(/^POST \/apis\/batch\/v1\/namespaces\/jobs\/jobs$/)
      .map(({ text }) => JSON.parse(text) as SentJob);
  }

  /** Sends a request to the server's answers; those that are JSON are as the OpenAPI document says. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: AnswerBody; headers: Headers }> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await this.app.request(path, { method, ...sent, headers: { ...type, ...headers } });
    const text = await answer.text();
    if (answer.headers.get('content-type')?.startsWith('application/json') === true)
      expect(undocumented({ method, url: path, status: answer.status }, JSON.parse(text))).toEqual([]);
    return {
      status: answer.status,
      json: (text === '' ? {} : JSON.parse(text)) as AnswerBody,
      headers: answer.headers,
    };
  }

  async close(): Promise<void> {
    this.ending.abort();
    (this.api as KubeApi | undefined)?.close();
    await this.kube.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export const JOBS = '/apis/batch/v1/namespaces/jobs/jobs';
export const PODS = '/api/v1/namespaces/jobs/pods';

/** Puts Jobs into the cluster, with their pods and logs; "now + 10" in annotations is a time. */
export function putJobs({ kube, clock }: OpenJobs, jobs: readonly JobThere[]): void {
  const nowSec = Math.floor(clock.nowMs() / 1000);
  const timed = (text: string): string =>
    text.replace(/^now ([+-]) (\d+)$/, (_, sign: string, n: string) =>
      String(nowSec + Number(`${sign}${n}`)),
    );
  for (const { _pods = [], ...job } of structuredClone(jobs)) {
    const { annotations = {} } = job.metadata;
    for (const [key, value] of Object.entries(annotations)) annotations[key] = timed(value);
    kube.storage.create(JOBS, job);
    for (const { _logs = {}, ...pod } of _pods) {
      kube.storage.create(PODS, pod);
      for (const [container, log] of Object.entries(_logs)) {
        const path = new RegExp(`^GET ${PODS}/${pod.metadata.name}/log\\?container=${container}&`);
        if (typeof log === 'string') kube.on(path, { status: 200, body: log });
        else kube.on(path, { status: log.code, body: statusBody(log.code, 'BadRequest', log.message) });
      }
    }
  }
}

/** The code of what a promise rejects with. */
export const failureOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (isKtError(error) ? error.code : String(error)),
  );
/** A Job of the server that is there. */
export const job = (
  name: string,
  more: { labels?: object; status?: object; annotations?: Record<string, string> } = {},
): JobThere => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name,
    labels: { 'app.kubernetes.io/managed-by': 'sig-1', job_definition_name: 'hello', ...more.labels },
    ...(more.annotations === undefined ? {} : { annotations: more.annotations }),
  },
  spec: { backoffLimit: 0, template: { spec: { containers: [{ name: 'main', image: 'busybox' }] } } },
  status: more.status ?? {},
});
export const DONE = { conditions: [{ type: 'Complete', status: 'True' }] };
