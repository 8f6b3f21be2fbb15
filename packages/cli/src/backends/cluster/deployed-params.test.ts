/** Parameters of a deployed version, which is begun without the code of their schema. */
import { bindParams } from '@kube-transform/runtime/internal';
import { clusterSettings, type DeployedVersion } from '@kube-transform/runtime/kubernetes';
import { type JsonObject, pipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { makeVersion } from '../../deploy/make-version.js';
import { changedParams } from '../../pipeline/param-schema.js';
import { deployedParams } from './deployed-params.js';

function versionOf(shape: z.ZodRawShape): Promise<DeployedVersion> {
  return makeVersion(
    { pipeline: pipeline('p', { params: z.object(shape) }), source: null },
    {
      settings: clusterSettings({ namespace: 'jobs', store: 's3://bucket' }),
      published: { digest: 'd', parts: 1 },
      defaults: {},
    },
  );
}

/** What a run of the version is given. */
async function bound(version: DeployedVersion, flags: readonly string[]): Promise<JsonObject> {
  const { params, schema } = deployedParams(version, flags, []);
  return bindParams({ name: 'p', params: schema }, params);
}

test.each([
  [z.string().transform(Number).default(7), true],
  [z.string().trim(), true],
  [z.array(z.string().toLowerCase()), true],
  [z.object({ a: z.stringbool() }), true],
  [z.preprocess(String, z.string()), true],
  [z.string().min(2).default('ab'), false],
  [z.coerce.number().int().optional(), false],
  [z.enum(['a', 'b']).nullable(), false],
  [z.array(z.object({ a: z.int() })), false],
])('changedParams - %#: whether the schema makes another value', (x, isChanged) => {
  const own = pipeline('p', { params: z.object({ x, n: z.number() }) });
  expect(changedParams(own)).toEqual(isChanged ? ['x'] : undefined);
});

test('deployedParams - what code changes keeps what it makes of the default, and is refused where typed', async () => {
  const version = await versionOf({
    day: z
      .string()
      .default('today')
      .transform(text => text.toUpperCase()),
    n: z.number().default(3),
  });
  expect(await bound(version, [])).toEqual({ day: 'TODAY', n: 3 });
  expect(await bound(version, ['--n', '4'])).toEqual({ day: 'TODAY', n: 4 });
  await expect(bound(version, ['--day', 'x'])).rejects.toMatchObject({
    problems: [
      { code: 'BAD_PARAM', path: 'params.day', hint: expect.stringContaining('--source') as string },
    ],
  });
  await expect(bound(version, ['--n', 'many'])).rejects.toMatchObject({ code: 'BAD_PARAM' });
});

test('deployedParams - a default that could not be made when it was deployed is not guessed', async () => {
  const day = z
    .string()
    .default('today')
    .transform(text => text.toUpperCase());
  const version = await versionOf({ day, n: z.number() });
  await expect(bound(version, ['--n', '4'])).rejects.toMatchObject({ problems: [{ path: 'params.day' }] });
});

test('deployedParams - a version without such parameters, or without any, is as before', async () => {
  const version = await versionOf({ n: z.number().default(3) });
  expect(version.params).not.toHaveProperty('x-kt-changed');
  expect(await bound(version, ['--n', '4'])).toEqual({ n: 4 });
  expect(await bound({ ...version, params: null }, [])).toEqual({});
});
