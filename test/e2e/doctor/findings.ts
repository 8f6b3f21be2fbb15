/** What `kt doctor` finds for pipelines of which each is in some way too much for a namespace. */
import { rm } from 'node:fs/promises';
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Finding } from '../../../packages/cli/src/checks/finding.js';
import { kt, makeProject } from '../../kit/kt.js';
import { object, type TestCluster } from '../kit/cluster.js';

const STEPS = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
const small = { cpu: '20m', memory: '96Mi' };
export const list = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }) => n);
const one = (name, options) => pipeline(name, {}).job('work', list, () => ({ n: 1 }), { ...small, ...options });
export const plain = one('plain', {});
export const wide = one('wide', { memory: '3Gi' });
export const huge = one('huge', { cpu: '500', memory: '900Gi' });
export const root = one('root', { kubernetes: { podPatch: { securityContext: { runAsNonRoot: false, runAsUser: 0 } } } });
export const queued = one('queued', { kubernetes: { queue: 'nightly' } });
export const priority = one('priority', { kubernetes: { priorityClassName: 'utmost' } });
export const sandboxed = one('sandboxed', { kubernetes: { podPatch: { runtimeClassName: 'sandbox' } } });
export const other = one('other', { kubernetes: { serviceAccountName: 'nobody' } });
export const pictured = one('pictured', { kubernetes: { image: 'nobody.example/step:2' } });
export const secret = one('secret', { kubernetes: { podPatch: { imagePullSecrets: [{ name: 'registry-login' }] } } });
`;

/** The project of a file of tests. */
export const project = { dir: '' };

/** Makes the project before the tests of a file; it is gone after them. */
export function withProject(): void {
  beforeAll(async () => {
    project.dir = await makeProject({ 'pipelines/steps.ts': STEPS });
  });
  afterAll(() => rm(project.dir, { recursive: true, force: true }));
}

/** What the doctor finds in a namespace; it starts a pod only with `--pod`. */
export async function findings(
  args: readonly string[],
  pipeline: string,
  pod: 'pod' | 'no pod' = 'no pod',
): Promise<{ found: Finding[]; code: number | null }> {
  const { out, err, code } = await kt(project.dir, [
    'doctor',
    `steps#${pipeline}`,
    ...args,
    '--json',
    ...(pod === 'pod' ? [] : ['--no-pod']),
  ]);
  expect(err).toBe('');
  return { found: JSON.parse(out) as Finding[], code };
}

/** Of what was found the problems. */
export const problemsOf = (found: readonly Finding[]): Finding[] =>
  found.filter(({ outcome }) => outcome === 'problem');

/** The one problem that there is. */
export function expectProblem(
  { found, code }: { found: Finding[]; code: number | null },
  wanted: { check: string; says: string | RegExp; do: string | RegExp },
): void {
  const problems = problemsOf(found);
  expect(problems.map(({ check }) => check)).toEqual([wanted.check]);
  expect(problems[0]?.message).toMatch(wanted.says);
  expect(problems[0]?.remedy).toMatch(wanted.do);
  expect(code).toBe(3);
}

/** Only restricted pods are admitted. */
export const LEVELS = { 'pod-security.kubernetes.io/enforce': 'restricted' };
/** Arguments for a namespace, with other values of some options. */
export const withOptions = ({ args }: TestCluster, options: Record<string, string>): string[] =>
  args
    .map((arg, i) => options[args[i - 1] ?? ''] ?? arg)
    .concat(Object.entries(options).flatMap(pair => (args.includes(pair[0]) ? [] : pair)));

/** A ResourceQuota. */
export const quota = (hard: Record<string, string>): KubeObject =>
  object('ResourceQuota', 'team', { spec: { hard } });
/** A LimitRange for containers. */
export const limits = (limit: object): KubeObject =>
  object('LimitRange', 'sizes', { spec: { limits: [{ type: 'Container', ...limit }] } });

/** Quotas count a moment after they are made. */
export async function counted({ api, namespace }: TestCluster): Promise<void> {
  type Counted = KubeObject & { status?: { hard?: object; used?: object } };
  await expect
    .poll(async () => (await api.get<Counted>(paths.resourceQuotas(namespace, 'team')))?.status?.used, {
      timeout: 30_000,
    })
    .toBeDefined();
}
