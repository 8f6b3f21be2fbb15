/**
 * Asks a job server through its Service, from a pod: makes two jobs, prints how they ended as a line of JSON;
 * then asks on, each time on a new connection, until a job has the label `test=over`, and prints what failed.
 */
import { request } from 'node:http';
import { json } from 'node:stream/consumers';

const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
const say = value => console.log(JSON.stringify(value));

async function ask(path, body) {
  const answer = await new Promise((resolve, reject) => {
    const asking = request({
      host: 'job-server',
      port: 5000,
      path,
      agent: false,
      method: body ? 'POST' : 'GET',
    });
    asking.on('response', resolve).on('error', reject).setHeader('content-type', 'application/json');
    asking.end(body && JSON.stringify(body));
  });
  const said = await json(answer);
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${JSON.stringify(said)}`);
  return said;
}

async function endOf(body) {
  const { job_name: name } = await ask('/jobs', body);
  for (;;) {
    const { state } = await ask(`/jobs/${name}`);
    if (state !== 'Running') return { name, state, logs: Object.values(await ask(`/jobs/${name}/logs`)) };
    await wait(300);
  }
}

/** Nodes learn of a Service's pods a moment after these are ready. */
async function reachable(tries = 100) {
  try {
    await ask('/jobs?label=test%3Dover');
  } catch (error) {
    if (error.code === undefined || tries === 0) throw error;
    await wait(100);
    await reachable(tries - 1);
  }
}

await reachable();
const jobs = [
  { job_definition_name: 'helloworld' },
  { job_definition_name: 'template', templatevar: 'a "b"' },
];
say(await Promise.all(jobs.map(endOf)));
const failures = [];
let [asked, isOver] = [0, false];
const asking = Array.from({ length: 4 }, async () => {
  for (; !isOver; await wait(50)) {
    asked++;
    try {
      const { jobs: found } = await ask('/jobs?label=test%3Dover');
      isOver ||= Object.keys(found).length > 0;
    } catch (error) {
      failures.push(`${error.message} ${error.code ?? ''}`);
    }
  }
});
await Promise.all(asking);
say({ asked, failures });
