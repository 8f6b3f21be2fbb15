/** The cases of k8s-jobs: requests, calls and passes in, what must come of them out. */
import { describe, expect, test } from 'vitest';
import { isKtError, omitUndefined } from '@kube-transform/sdk';
import { JobRetention } from '@kube-transform/server';
import { read } from '../kit/sources.js';
import { type AnswerBody, HELLO, JOBS, type JobThere, OpenJobs, putJobs, type SentJob } from './open-jobs.js';

/** A request of a case. */
interface AskedCase {
  method: string;
  path: string;
  json?: unknown;
  raw?: string;
  contentType?: string;
}

/** A call to the API that must have been made. */
interface WantedCall {
  method: string;
  path: string;
  query?: { labelSelector?: string };
  body?: { spec?: unknown };
  annotation?: string;
}

/** What must come of a request or call. */
interface Want {
  anyOf?: Want[];
  status?: number | number[];
  contentType?: string;
  body?: { error?: string };
  mentions?: string[];
  creates?: number;
  container?: object;
  no?: string[];
  apiCalls?: WantedCall[];
  apiQuery?: { labelSelector: string };
  startFails?: boolean;
  ok?: unknown;
  callbackFor?: string[];
  jobsLeft?: string[];
}

interface GoldenCase {
  id: string;
  about: string;
  given: {
    definitions?: object[];
    files?: Record<string, string>;
    configMaps?: Record<string, Record<string, string>>;
    jobsThere?: JobThere[];
    apiFaults?: { method: string; path: string; code: number; reason: string; message: string }[];
    request?: AskedCase;
    requests?: AskedCase[];
    between?: string;
    call?: string;
  };
  want: Want | Want[];
}

/** The cases of a file; numbers of too many digits are marked texts until they are sent. */
const casesOf = (name: string): GoldenCase[] =>
  JSON.parse(
    read(`test/fixtures/k8s-jobs/${name}.json`).replaceAll(/: (\d{16,})/g, ': "digits:$1"'),
  ) as GoldenCase[];
const sentJson = (json: unknown): string | undefined =>
  json === undefined ? undefined : JSON.stringify(json).replaceAll(/"digits:(\d+)"/g, '$1');

/** Text in which `<24 hex>` stands for such digits, as a pattern. */
const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('<24 hex>')
      .map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[0-9a-f]{24}')}$`,
  );

/** A wanted value, in which digits may be any. */
function matcherOf(want: unknown): object {
  if (typeof want === 'string' && want.includes('<24 hex>'))
    return expect.stringMatching(patternOf(want)) as object;
  if (Array.isArray(want)) return want.map(matcherOf);
  if (typeof want !== 'object' || want === null) return want as object;
  return Object.fromEntries(Object.entries(want).map(([key, value]) => [key, matcherOf(value)]));
}

interface Answered {
  status: number;
  json: AnswerBody;
  headers: Headers;
  created: SentJob[];
}

/** One of some outcomes holds. */
function oneHolds(wants: readonly Want[], answered: Answered): void {
  const misses: unknown[] = [];
  for (const want of wants) {
    try {
      return holds(want, answered);
    } catch (error) {
      misses.push(error);
    }
  }
  throw misses[0];
}

/** A wanted outcome, against what was answered and made. */
function holds(want: Want, answered: Answered): void {
  if (want.anyOf !== undefined) return oneHolds(want.anyOf, answered);
  const { status, json, headers, created } = answered;
  if (want.status !== undefined) expect([want.status].flat(), JSON.stringify(json)).toContain(status);
  if (want.contentType !== undefined) expect(headers.get('content-type')).toContain(want.contentType);
  if (want.body?.error === 'a sentence') expect(json.error).toMatch(/\w+ \w+.*[.!?]$/s);
  else if (want.body !== undefined) expect(json).toMatchObject(matcherOf(want.body));
  for (const word of want.mentions ?? []) expect(json.error).toContain(word);
  if (want.creates !== undefined) expect(created).toHaveLength(want.creates);
  if (status === 405) expect(headers.get('allow')).not.toBeNull();
  const [container] = created.at(-1)?.spec.template.spec.containers ?? [];
  if (want.container !== undefined) expect(container).toMatchObject(want.container);
  for (const member of want.no ?? []) expect(container).not.toHaveProperty(member);
  for (const { method, body } of want.apiCalls ?? []) {
    if (method !== 'POST') continue;
    expect(created.at(-1)).toMatchObject(matcherOf(body));
    // Nothing but what was asked for.
    expect(created.at(-1)!.spec).toEqual(matcherOf(body!.spec));
  }
}

/** What a case does to files between two requests. */
async function between(opened: OpenJobs, what: string): Promise<void> {
  if (what.includes('"later"')) await opened.define([{ name: 'later', spec: HELLO }]);
  else
    await opened.write(
      'f.yaml',
      HELLO.replace('name: hello', 'name: renewed').replace('["echo", "hi"]', '["y"]'),
    );
}

async function asked(opened: OpenJobs, request: AskedCase): Promise<Answered> {
  const before = opened.created().length;
  const body = request.raw ?? sentJson(request.json);
  const answer = await opened.ask(
    request.method,
    request.path,
    body,
    request.contentType === undefined ? {} : { 'content-type': request.contentType },
  );
  return { ...answer, created: opened.created().slice(before) };
}

describe.each(['templates', 'definitions', 'http'])('%s of k8s-jobs', name => {
  test.each(casesOf(name))('$id - $about', async ({ given, want }) => {
    const opening = OpenJobs.open(omitUndefined({ definitions: given.definitions, files: given.files }));
    const whole = Array.isArray(want) ? {} : want;
    if (whole.startFails === true) {
      const failure = await opening.then(
        () => null,
        (error: unknown) => error,
      );
      expect(isKtError(failure)).toBe(true);
      for (const word of whole.mentions!) expect((failure as Error).message).toContain(word);
      return;
    }
    const opened = await opening;
    try {
      putJobs(opened, given.jobsThere ?? []);
      for (const [map, data] of Object.entries(given.configMaps ?? {}))
        opened.kube.storage.create('/api/v1/namespaces/other/configmaps', { metadata: { name: map }, data });
      for (const { method, path, code, reason, message } of given.apiFaults ?? [])
        opened.kube.on(new RegExp(`^${method} .*${path}`), {
          status: code,
          body: { kind: 'Status', code, reason, message },
        });
      const requests = given.requests ?? [given.request!];
      for (const [i, request] of requests.entries()) {
        // The file changes once, after the first request.
        if (i === 1 && given.between !== undefined) await between(opened, given.between);
        holds(Array.isArray(want) ? want[i]! : want, await asked(opened, request));
      }
      for (const { method, path } of whole.apiCalls ?? [])
        expect(opened.kube.askedFor(new RegExp(`^${method} ${path}(\\?|$)`)).length).toBeGreaterThan(0);
      if (whole.apiQuery !== undefined)
        expect(opened.kube.askedFor(/^GET/)[0]?.query.get('labelSelector')).toBe(
          whole.apiQuery.labelSelector,
        );
    } finally {
      await opened.close();
    }
  });
});

/** The calls of the cases, by their words. */
const CALLS: Record<string, (opened: OpenJobs) => Promise<unknown>> = {
  'create_job("hello", pre_create: label team=blue, serviceAccountName=runner)': ({ jobs }) =>
    jobs.create(
      'hello',
      {},
      {
        preCreate: job => {
          job.metadata.labels = { ...job.metadata.labels, team: 'blue' };
          job.spec.template.spec.serviceAccountName = 'runner';
        },
      },
    ),
  'list_jobs(team="blue")': async ({ jobs }) =>
    (await jobs.list({ labels: { team: 'blue' } })).map(job => job.metadata.name),
  'job_status(a)': ({ jobs }) => jobs.status('a'),
};

describe('the manager of k8s-jobs', () => {
  test.each(casesOf('manager'))('$id - $about', async ({ given, want: wanted }) => {
    const want = wanted as Want;
    const opened = await OpenJobs.open();
    try {
      putJobs(opened, given.jobsThere ?? []);
      const got = await CALLS[given.call!]!(opened);
      if (typeof want.ok === 'string' && want.ok.includes('hex')) expect(got).toMatch(patternOf(want.ok));
      else expect(got).toEqual(want.ok);
      for (const { method, path, query, body } of want.apiCalls!) {
        const [call] = opened.kube.askedFor(new RegExp(`^${method} ${path}(\\?|$)`));
        if (query !== undefined) expect(call?.query.get('labelSelector')).toBe(query.labelSelector);
        if (body !== undefined) expect(JSON.parse(call!.text)).toMatchObject(matcherOf(body));
      }
      if (want.jobsLeft !== undefined) expect(namesLeft(opened)).toEqual(want.jobsLeft);
    } finally {
      await opened.close();
    }
  });
});

const namesLeft = ({ kube }: OpenJobs): string[] => kube.storage.all(JOBS).map(job => job.metadata.name);

describe('retention of k8s-jobs', () => {
  test.each(casesOf('retention'))('$id - $about', async ({ id, given, want: wanted }) => {
    const want = wanted as Want;
    const opened = await OpenJobs.open();
    try {
      putJobs(opened, given.jobsThere!);
      const called: string[] = [];
      const retention = new JobRetention({
        jobs: opened.jobs,
        retentionSec: Number(/retention (\d+)/.exec(given.call!)?.[1]),
        clock: opened.clock,
        tell: message => void opened.told.push(message),
        beforeDelete: job => {
          called.push(job.metadata.name);
          if (id === 'r08' && job.metadata.name === 'a') throw new Error('the callback does not like it');
        },
      });
      await retention.pass();
      expect(called).toEqual(want.callbackFor ?? (want.ok as { callbackFor: string[] }).callbackFor);
      expect(namesLeft(opened)).toEqual(want.jobsLeft);
      for (const { method, path, annotation } of want.apiCalls ?? []) {
        const calls = opened.kube.askedFor(new RegExp(`^${method} ${path}(\\?|$)`));
        expect(calls.length).toBeGreaterThan(0);
        if (annotation === undefined) continue;
        const { metadata } = JSON.parse(calls[0]!.text) as {
          metadata: { annotations: Record<string, string> };
        };
        const seconds = Number(metadata.annotations['job_deletion_time_unix_sec']);
        expect(seconds).toBe(Math.ceil(opened.clock.nowMs() / 1000) + 3600);
      }
      for (const { text } of opened.kube.askedFor(/^DELETE/))
        expect(JSON.parse(text)).toMatchObject({ propagationPolicy: 'Foreground' });
      if (id === 'r05' || id === 'r08') expect(opened.told.join()).toContain('"a"');
    } finally {
      await opened.close();
    }
  });
});
