/** Many who follow logs at one server. */
import { afterEach, expect, test } from 'vitest';
import { DONE, job, JOBS, OpenJobs, PODS, putJobs } from './open-jobs.js';

let opened: OpenJobs;
afterEach(() => opened.close());

const FOLLOW = '/jobs/a/logs/follow';
const POD = {
  metadata: { name: 'a-0', labels: { 'job-name': 'a' } },
  spec: { containers: [{ name: 'main' }] },
  status: { phase: 'Running' },
};

test('followers of one job - share what is asked of how it stands', async () => {
  opened = await OpenJobs.open();
  putJobs(opened, [
    { ...job('a', { status: DONE }), _pods: [{ ...POD, _logs: { main: '2026-01-01T00:00:01Z one\n' } }] },
  ]);
  const answers = await Promise.all(Array.from({ length: 5 }, () => opened.app.request(FOLLOW)));
  for (const text of await Promise.all(answers.map(answer => answer.text())))
    expect(text).toContain('"line":"one"');
  // Each is told whether there is such a job; all else is asked once.
  expect(opened.kube.askedFor(/^GET .*\/jobs\/a\/status/)).toHaveLength(6);
  expect(opened.kube.askedFor(new RegExp(`^GET ${PODS}\\?`))).toHaveLength(1);
  expect(opened.kube.askedFor(/\/log\?/)).toHaveLength(1);
});

test('one follower too many - is refused with a sentence, until another has gone', async () => {
  opened = await OpenJobs.open({ app: { maxFollowers: 1 } });
  putJobs(opened, [job('a')]);
  expect((await opened.ask('GET', '/jobs/nobody/logs/follow')).status).toBe(404);
  const first = await opened.app.request(FOLLOW);
  const { status, json } = await opened.ask('GET', FOLLOW);
  expect([status, json.code]).toEqual([503, 'TOO_MANY_FOLLOWERS']);
  expect(json.error).toContain('1 logs');
  await opened.clock.waitedFor(3000);
  opened.kube.storage.patch(JOBS, 'a', { status: DONE });
  opened.clock.advance(3000);
  expect(await first.text()).toContain('{"state":"Complete"}');
  expect((await opened.app.request(FOLLOW)).status).toBe(200);
});

test('a job that is deleted, after a cluster that was away - ends for who follows it', async () => {
  opened = await OpenJobs.open();
  putJobs(opened, [{ ...job('a'), _pods: [POD] }]);
  let ends = (): void => undefined;
  opened.kube.on(/\/log\?/, {
    stream: out => {
      ends = () => out.end();
      out.send('2026-01-01T00:00:01Z one\n');
    },
  });
  const answer = await opened.app.request(FOLLOW);
  const told = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('"line":"one"')) text += (await told.read()).value ?? '';
  await opened.clock.waitedFor(3000);
  opened.kube.on(/\/jobs\/a\/status/, { status: 503 }, 1);
  opened.clock.advance(3000);
  await opened.kube.hasBeenAsked(/\/jobs\/a\/status/, 3);
  await opened.clock.waitedFor(3000);
  opened.kube.storage.delete(PODS, 'a-0');
  opened.kube.storage.delete(JOBS, 'a');
  opened.kube.on(/\/log\?/, { status: 404 });
  ends();
  opened.clock.advance(3000);
  for (let next = await told.read(); !next.done; next = await told.read()) text += next.value;
  expect(text).toMatch(/"line":"one".*event: end\ndata: \{"state":null\}/s);
});
