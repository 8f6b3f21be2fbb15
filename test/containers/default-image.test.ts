/** The image of container steps that name none: where it comes from, and that it is on record. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContextConfig, each, ktFunction, parseSpawn, pipeline } from '@kube-transform/sdk';
import { imageByVariable, newRun, systemClock } from '@kube-transform/runtime/internal';
import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { testRun } from '@kube-transform/runtime/testing';
import { expect, test } from 'vitest';
import { makeVersion } from '../../packages/cli/src/deploy/make-version.js';
import { resolveContext } from '../../packages/cli/src/project/resolve-context.js';
import { BIN, expectMistake, type Ended, project, run } from '../kit/kt.js';

const steps = pipeline('p')
  .container('own', { image: 'own:1', command: ['a'] })
  .container('one', { command: ['a'] })
  .containers('some', () => each(['x'], arg => ({ args: [arg] })))
  .python('clean', { function: 'm.clean' });

test('a step without an image - has that of the run, on record; others have their own', async () => {
  const containerImage = () => Promise.resolve('team/etl:1');
  const { pipeline: made } = await newRun({ pipeline: steps, clock: systemClock, containerImage });
  expect(made.jobs.map(({ container }) => container?.image)).toEqual([
    'own:1',
    ...['team/etl:1', 'team/etl:1', 'team/etl:1'],
  ]);
});

test('an image - is asked for only where a step lacks one', async () => {
  const containerImage = () => Promise.reject(new Error('asked'));
  const own = pipeline('p').container('own', { image: 'own:1' });
  await newRun({ pipeline: own, clock: systemClock, containerImage });
  await expect(newRun({ pipeline: steps, clock: systemClock, containerImage })).rejects.toThrow('asked');
});

test('no image - each step is refused, with all the places that could say it', async () => {
  const jobs = [null, undefined].map(image => ({ type: 'container' as const, container: { image } }));
  const document = { name: 'p', jobs: JSON.parse(JSON.stringify(jobs)) as typeof jobs };
  const refused = newRun({ pipeline: document, clock: systemClock });
  const problem = {
    code: 'NO_CONTAINER_IMAGE',
    hint: expect.stringMatching(
      /--container-image.*KT_CONTAINER_IMAGE.*TACLIB_IMAGE.*IMAGE.*containerImage.*kt\.config\.ts/,
    ) as string,
  };
  await expect(refused).rejects.toMatchObject({
    problems: [
      { ...problem, path: 'jobs[0].container.image' },
      { ...problem, path: 'jobs[1].container.image' },
    ],
  });
  const empty = { name: 'p', jobs: [{ type: 'container' as const, container: { image: '' } }] };
  await expect(newRun({ pipeline: empty, clock: systemClock })).rejects.toThrow('the name of an image');
});

test('a spawned step without an image - is refused, wherever the run is', async () => {
  expect(parseSpawn([{ type: 'container', container: {} }], 'fan')).toMatchObject({
    problems: [{ code: 'NO_CONTAINER_IMAGE', path: 'jobs[0].container.image' }],
  });
  const fan = ktFunction(() => [{ type: 'container', container: { command: ['a'] } }]);
  const document = { name: 'q', jobs: [{ type: 'dynamic' as const, name: 'fan', function: 'm.fan' }] };
  expect((await testRun(document, { functions: { m: { fan } } })).cause('fan')).toMatchObject({
    kind: 'InvalidSpawn',
  });
});

test('testRun - functions stand for containers without an image', async () => {
  const fakes = { own: () => {}, one: () => {}, some: () => {}, clean: () => ({ output: '1' }) };
  expect((await testRun(steps, { containers: fakes })).status).toBe('Completed');
});

test('variables - the first that is set and not empty names it', () => {
  const all = { KT_CONTAINER_IMAGE: 'kt', TACLIB_IMAGE: 'taclib', IMAGE: 'plain' };
  expect(imageByVariable(all)).toBe('kt');
  expect(imageByVariable({ ...all, KT_CONTAINER_IMAGE: '' })).toBe('taclib');
  expect(imageByVariable({ IMAGE: 'plain' })).toBe('plain');
  expect(imageByVariable({})).toBeUndefined();
});

test('a context - what is typed, then variables, then the configuration', () => {
  const dev: ContextConfig = { containerImage: 'configured' };
  const config = { file: 'kt.config.ts', dir: '/', config: { contexts: { dev } } };
  const found = (typed: object, env: Record<string, string>) => {
    const { values, from } = resolveContext({ typed, env, config, last: null });
    return [values.containerImage, from.containerImage];
  };
  const both = { IMAGE: 'plain', TACLIB_IMAGE: 'taclib' };
  expect(found({ containerImage: 'mine' }, both)).toEqual(['mine', 'typed']);
  expect(found({}, both)).toEqual(['taclib', 'TACLIB_IMAGE']);
  expect(found({}, { IMAGE: 'plain' })).toEqual(['plain', 'IMAGE']);
  expect(found({}, {})).toEqual(['configured', 'kt.config.ts contexts.dev']);
});

test('a version that is deployed - has it, and is refused without', async () => {
  const frame = {
    settings: clusterSettings({ namespace: 'jobs', store: 's3://bucket' }),
    published: { digest: 'd', parts: 1 },
    defaults: {},
  };
  const made = { pipeline: steps, source: null };
  const { spec } = await makeVersion(made, { ...frame, containerImage: 'team/etl:2' });
  expect(spec.jobs?.map(({ container }) => container?.image)).toContain('team/etl:2');
  await expect(makeVersion(made, frame)).rejects.toMatchObject({ code: 'NO_CONTAINER_IMAGE' });
});

const MODULE = `import { pipeline } from '@kube-transform/sdk';
export default pipeline('p', {}).container('one', { command: ['a'], result: 'text' });
`;
const CONFIG = `export default { default: 'dev', contexts: { dev: { containerImage: 'configured:1' }, prod: {} } };
`;
/** Answers as docker does; a container prints what it was run with. */
const TOOL = '#!/bin/sh\n[ "$1" = run ] && echo "$@"\nexit 0\n';

test('kt run - takes it from where it is said, says which holds, and keeps it for whoever goes on', async () => {
  const dir = await project({ 'pipelines/p.ts': MODULE, 'kt.config.ts': CONFIG, tool: TOOL });
  await chmod(join(dir, 'tool'), 0o755);
  const kt = (id: string, variables: string[], args: string[] = []): Promise<Ended> => {
    const tool = `KT_CONTAINER_TOOL=${join(dir, 'tool')}`;
    const bare = ['-u', 'IMAGE', '-u', 'TACLIB_IMAGE', tool, ...variables, process.execPath, BIN];
    return run('env', [...bare, 'run', 'p', '--run-id', id, ...args], { dir });
  };
  const imageOf = async (id: string): Promise<unknown> => {
    const text = await readFile(join(dir, 'kt-metadata', id, 'spec.json'), 'utf8');
    return (/"image":"([^"]*)"/.exec(text) ?? [])[1];
  };
  const byConfig = await kt('a', []);
  expect(byConfig.err).toContain(
    'note: container steps without an image run configured:1 (kt.config.ts contexts.dev).',
  );
  expect(byConfig.code, byConfig.err).toBe(0);
  const byVariable = await kt('b', ['IMAGE=plain:1', 'TACLIB_IMAGE=taclib:1']);
  expect(byVariable.err).toContain('run taclib:1 (TACLIB_IMAGE).');
  await kt('c', ['IMAGE=plain:1'], ['--container-image', 'typed:1']);
  expect([await imageOf('a'), await imageOf('b'), await imageOf('c')]).toEqual([
    'configured:1',
    'taclib:1',
    'typed:1',
  ]);
  await writeFile(join(dir, 'kt.config.ts'), 'export default { contexts: {} };\n');
  expectMistake(await kt('d', []), /NO_CONTAINER_IMAGE.*Step "one" names no image/s);
});
