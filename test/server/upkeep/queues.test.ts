/** Queues and priorities: of requests, of definitions, of templates. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobManager } from '@kube-transform/server';
import { failureOf, HELLO, OpenJobs } from '../open-jobs.js';

const QUEUE = 'kueue.x-k8s.io/queue-name';
const PRIORITY = 'kueue.x-k8s.io/priority-class';
const body = (job_definition_name: string): object => ({ job_definition_name });

let opened: OpenJobs;
beforeEach(async () => {
  opened = await OpenJobs.open({
    definitions: [
      { name: 'hello', spec: HELLO },
      { name: 'usual', spec: HELLO, queue: 'night', priority: 'low' },
      { name: 'own', spec: HELLO.replace('metadata:', `metadata:\n  labels: {${QUEUE}: "{{ q }}"}`) },
    ],
  });
});
afterEach(() => opened.close());

const last = () => opened.created().at(-1)!;

test('a job of a queue - is suspended until it is admitted, with its place in the queue', async () => {
  const { status } = await opened.ask('POST', '/jobs?queue=batch&priority=high', body('hello'));
  expect(status).toBe(200);
  expect(last().metadata.labels).toMatchObject({ [QUEUE]: 'batch', [PRIORITY]: 'high' });
  expect(last().spec['suspend']).toBe(true);
  expect(last().spec.template.spec).not.toHaveProperty('priorityClassName');
  const { job_name: name } = (await opened.ask('POST', '/jobs?queue=batch', body('hello'))).json;
  expect((await opened.ask('GET', `/jobs/${name}`)).json['waiting']).toMatchObject({
    reason: 'Suspended',
    message: expect.stringContaining('queue "batch" admits'),
  });
});

test('a priority without a queue - is the class of the pods', async () => {
  await opened.ask('POST', '/jobs?priority=high', body('hello'));
  expect(last().spec.template.spec['priorityClassName']).toBe('high');
  expect(last().spec).not.toHaveProperty('suspend');
  expect(last().metadata.labels).not.toHaveProperty(PRIORITY);
});

test('a definition - has a usual place, of which a request can say another', async () => {
  await opened.ask('POST', '/jobs', body('usual'));
  expect(last().metadata.labels).toMatchObject({ [QUEUE]: 'night', [PRIORITY]: 'low' });
  await opened.ask('POST', '/jobs?queue=day', body('usual'));
  expect(last().metadata.labels).toMatchObject({ [QUEUE]: 'day', [PRIORITY]: 'low' });
  await opened.ask('POST', '/jobs', body('hello'));
  expect(last().metadata.labels).not.toHaveProperty(QUEUE);
});

test.each(['', 'A', 'a b', '-a', 'a/b', 'ä', 'a\nb', 'x'.repeat(64)])(
  'the name %j - is refused, and nothing is made',
  async name => {
    for (const key of ['queue', 'priority']) {
      const answer = await opened.ask('POST', `/jobs?${key}=${encodeURIComponent(name)}`, body('hello'));
      expect([answer.status, answer.json.code]).toEqual([400, 'BAD_PLACE']);
    }
    expect(opened.created()).toEqual([]);
  },
);

test('what is not allowed - is refused, whoever says it', async () => {
  const limits = { queues: ['day'], priorities: ['low'] };
  const { api, definitions } = opened;
  const jobs = new JobManager({ api, signature: 'sig-1', definitions, limits });
  for (const act of [
    () => jobs.create('hello', {}, { queue: 'night' }),
    () => jobs.create('hello', {}, { priority: 'high' }),
    () => jobs.create('hello', {}, { queue: 'day', priority: 'high' }),
    () => jobs.create('usual', {}),
    () => jobs.create('own', { q: 'night' }),
  ])
    expect(await failureOf(act())).toBe('JOB_NOT_ALLOWED');
  expect(opened.created()).toEqual([]);
  await jobs.create('own', { q: 'day' }, { priority: 'low' });
  expect(last().metadata.labels).toMatchObject({ [QUEUE]: 'day', [PRIORITY]: 'low' });
});

test('a key - is in use where the place is another', async () => {
  const options = { idempotencyKey: 'k', queue: 'a' };
  const name = await opened.jobs.create('hello', {}, options);
  expect(await opened.jobs.create('hello', {}, options)).toBe(name);
  expect(await failureOf(opened.jobs.create('hello', {}, { ...options, queue: 'b' }))).toBe('KEY_IN_USE');
});

test('a definition with a queue that is no name - is refused', async () => {
  const wrong = OpenJobs.open({ definitions: [{ name: 'x', spec: HELLO, queue: 'Not A Queue' }] });
  await expect(wrong).rejects.toThrow('the queue "Not A Queue"');
});
