/** Container steps where no tool of this machine runs containers. */
import { pipeline } from '@kube-transform/sdk';
import { memoryFileStore, runPipeline } from '@kube-transform/runtime';
import { readOutcomes } from '@kube-transform/runtime/internal';
import { afterEach, expect, test } from 'vitest';

const before = { ...process.env };
afterEach(() => {
  for (const name of ['PATH', 'KT_CONTAINER_TOOL'])
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
});

test.each([
  [{ PATH: '/nowhere', KT_CONTAINER_TOOL: '' }, /none of docker, podman and nerdctl.*Install podman/],
  [{ KT_CONTAINER_TOOL: '/no/such/tool' }, /=\/no\/such\/tool does not work.*Install podman/],
  [{ KT_CONTAINER_TOOL: '/usr/bin/ctr' }, /=\/usr\/bin\/ctr does not work.*Install nerdctl/],
])('%j - says what to install', async (env, said) => {
  Object.assign(process.env, env);
  const store = memoryFileStore();
  const { runId } = await runPipeline(pipeline('p').container('it', { image: 'x' }), { store });
  const cause = (await readOutcomes(store, runId, 'it')).get(0)?.cause;
  expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'NO_CONTAINER_TOOL' });
  expect(cause?.message).toMatch(said);
});
