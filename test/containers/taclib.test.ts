/** What taclib did with container tasks, case by case: as manifests here, or by a test that is named. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KTJob, type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { newRun, systemClock } from '@kube-transform/runtime/internal';
import { testRun } from '@kube-transform/runtime/testing';
import { describe, expect, test } from 'vitest';
import { frameOf } from '../kit/kube-bench.js';
import { ContainerGroups } from '../../packages/runtime/src/kubernetes/containers/container-groups.js';
import { containerPod } from '../../packages/runtime/src/kubernetes/containers/container-pod.js';
import { clusterSettings } from '../../packages/runtime/src/kubernetes/manifests/cluster-settings.js';
import { ONE_POD, taskJob } from '../../packages/runtime/src/kubernetes/manifests/run-jobs.js';
import { ContainerItems } from '../../packages/runtime/src/worker/container-items.js';
import { ktFiles } from '../../packages/runtime/src/files/kt-files.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { root } from '../kit/sources.js';

interface Task {
  family: string;
  image?: string;
  command: string[];
  params?: Record<string, string>;
  resources?: { requests: { cpu: string; memory: string }; limits: { memory: string } };
  service_account?: string;
  node_selector?: string;
  environment?: string[];
  job_spec?: Record<string, number>;
  pod_metadata?: { labels: Record<string, string>; annotations: Record<string, string> };
}
interface PodSpec {
  containers: [
    { command: string[]; env: { name: string; value?: string }[]; image: string; resources: object },
  ];
  [field: string]: unknown;
}
interface Wanted {
  jobs?: {
    metadata: { labels: Record<string, string> };
    spec: { template: { metadata: object; spec: PodSpec }; [field: string]: unknown };
  }[];
  env?: { name: string; value: string }[];
}
const cases = JSON.parse(readFileSync(join(root, 'test/fixtures/taclib/tasks.json'), 'utf8')) as {
  id: string;
  about: string;
  given: { task: Task };
  want: Wanted;
}[];

/** What taclib took where a task had no image; here a configuration of the project says it. */
const DEFAULT_IMAGE = 'python:3.7-alpine';
const camel = (text: string): string =>
  text.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** A task of taclib as a step. */
function stepOf(task: Task): KTJobInput {
  const { requests, limits } = task.resources ?? {};
  const pairs = (texts: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      texts.map(text => [text.slice(0, text.indexOf('=')).trim(), text.slice(text.indexOf('=') + 1).trim()]),
    );
  return {
    type: 'container',
    name: task.family,
    ...requests,
    container: {
      image: task.image ?? DEFAULT_IMAGE,
      command: task.command.map(word => task.params?.[word.slice(1, -1)] ?? word),
      env: pairs(task.environment ?? []),
    },
    labels: task.pod_metadata?.labels ?? null,
    kubernetes: {
      imagePullPolicy: 'IfNotPresent',
      ...(task.service_account === undefined ? {} : { serviceAccountName: task.service_account }),
      ...(task.node_selector === undefined ? {} : { nodeSelector: pairs(task.node_selector.split(',')) }),
      ...(task.pod_metadata === undefined ? {} : { annotations: task.pod_metadata.annotations }),
      ...(limits === undefined ? {} : { containerPatch: { resources: { limits } } }),
      ...(task.job_spec === undefined
        ? {}
        : {
            jobPatch: Object.fromEntries(
              Object.entries(task.job_spec).map(([key, value]) => [camel(key), value]),
            ),
          }),
    },
  };
}

/** The Job of a step's first wave. */
async function jobOf(task: Task) {
  const [job] = mustParsePipeline({ name: 'p', jobs: [stepOf(task)] }).jobs as [KTJob];
  const store = memoryFileStore();
  const settings = clusterSettings({ namespace: 'default', store: 's3://b' });
  const order = { runId: 'r', pipeline: 'p', job, items: 1, itemsPerPod: 1 };
  const items = new ContainerItems(order, { store, files: ktFiles(store), resultCache: new Map() });
  const call = await items.callOf(0, { e: null });
  if ('kind' in call) throw new Error(JSON.stringify(call));
  const groups = new ContainerGroups();
  groups.add(0, call);
  const [group] = groups.all();
  const pod = containerPod({ settings, runId: 'r', job }, { template: group!.template, memory: job.memory });
  const frame = frameOf(settings);
  const container = { pod, varied: '' };
  const plan = { job, wave: 1, memory: job.memory, container, ...ONE_POD };
  return taskJob(frame, plan) as unknown as NonNullable<Wanted['jobs']>[number];
}

/** Shown by other tests: what is done with a Job, not what is in it. */
const ELSEWHERE: Record<string, { file: string; test: string }> = {
  a07: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'have names that leave room for the index',
  },
  a27: { file: 'packages/runtime/src/kubernetes/api/kube-api.test.ts', test: 'KA1' },
  a28: {
    file: 'test/e2e/containers/ends.test.ts',
    test: 'containers that fail - are judged by how they ended',
  },
  a29: {
    file: 'test/e2e/containers/ends.test.ts',
    test: 'containers that fail - are judged by how they ended',
  },
  a31: {
    file: 'packages/runtime/src/kubernetes/executor/wave-jobs.test.ts',
    test: 'U1: making a wave - a Job of its name',
  },
};

describe.each(cases)('taclib $id: $about', ({ id, given: { task }, want }) => {
  if (id === 'a12')
    test('is refused with a sentence', async () => {
      const bad = {
        ...stepOf({ ...task, command: [] }),
        container: { image: 'x', command: task.command as never },
      };
      await expect(newRun({ pipeline: { name: 'p', jobs: [bad] }, clock: systemClock })).rejects.toThrow(
        'container.command: Expected a list such as ["python", "run.py"]',
      );
    });
  else if (id === 'a32' || id === 'a34')
    test('runs what is not made', async () => {
      const seen: string[] = [];
      const makes = (name: string, after: string[] = []): KTJobInput => ({
        type: 'container',
        name,
        dependencies: after,
        outputs: [name.toLowerCase()],
        container: { image: 'x' },
      });
      const jobs = id === 'a32' ? [makes('Extract')] : [makes('Extract'), makes('Report', ['Extract'])];
      const containers = {
        Report: async ({ files }: { files: ReturnType<typeof ktFiles> }) => {
          seen.push('Report');
          await files.write('report', '');
        },
      };
      const run = await testRun({ name: 'p', jobs }, { files: { extract: '' }, containers });
      expect(run.status).toBe('Completed');
      expect(seen).toEqual(id === 'a32' ? [] : ['Report']);
    });
  else if (ELSEWHERE[id] !== undefined)
    test(`is shown by ${ELSEWHERE[id].file}`, () => {
      expect(readFileSync(join(root, ELSEWHERE[id]?.file ?? ''), 'utf8')).toContain(ELSEWHERE[id]?.test);
    });
  else
    test('is the same Job', async () => {
      const made = await jobOf(task);
      expect((await jobOf(task)).metadata).toEqual(made.metadata);
      const [main] = made.spec.template.spec.containers;
      for (const { name, value } of want.env ?? []) expect(main.env).toContainEqual({ name, value });
      for (const wanted of want.jobs ?? []) {
        const { backoffLimit, template, ...spec } = wanted.spec;
        const [{ env, resources, ...container }] = template.spec.containers;
        const { containers: _, ...pod } = template.spec;
        expect(backoffLimit).toBe(made.spec['backoffLimitPerIndex']);
        expect(made.spec).toMatchObject(spec);
        expect(made.spec.template).toMatchObject({ metadata: template.metadata, spec: pod });
        expect(main).toMatchObject({ ...container, name: 'main', resources });
        expect(main.env).toEqual(expect.arrayContaining(env));
      }
    });
});
