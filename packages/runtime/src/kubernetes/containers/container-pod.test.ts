import fc from 'fast-check';
import { mustParsePipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { frameOf } from '../../../../../test/kit/kube-bench.js';
import type { ContainerCall } from '../../ports/containers.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { ContainerGroups, readPlaces, writePlaces } from './container-groups.js';
import { containerPod, valuesOf } from './container-pod.js';
import { itemJob } from './pod-again.js';

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'container', name: 'c', container: { image: 'x' }, env: { DAY: 'of the job' } }],
}).jobs;
const settings = clusterSettings({ namespace: 'ns', store: 'file:/data' });

const callOf = (more: Partial<ContainerCall>): ContainerCall => ({
  image: 'x',
  command: null,
  args: [],
  env: {},
  workdir: null,
  resultFile: null,
  ...more,
});

interface Main {
  command?: string[];
  args?: string[];
  env: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
}

/**
 * What a container is given in the end, as kubelet makes it of a pod and its annotations: it expands
 * `$(NAME)` in arguments and values, and "$$" stands for "$"
 * (k8s.io/kubernetes/third_party/forked/golang/expansion).
 */
function given(pod: Record<string, unknown>, annotations: Record<string, string>) {
  const [main] = pod['containers'] as [Main];
  const env = new Map<string, string>();
  const expand = (text: string): string =>
    text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (all, name: string | undefined) =>
      name === undefined ? '$' : (env.get(name) ?? all),
    );
  for (const { name, value, valueFrom } of main.env) {
    const [, annotation = ''] = /\['(.*)'\]$/.exec(valueFrom?.fieldRef.fieldPath ?? '') ?? [];
    env.set(name, value === undefined ? (annotations[annotation] ?? '') : expand(value));
  }
  return { command: main.command?.map(expand) ?? null, args: main.args?.map(expand) ?? [], env };
}

/** Puts calls into groups and gives what each pod is given. */
function through(calls: readonly ContainerCall[]) {
  const groups = new ContainerGroups();
  calls.forEach((call, pod) => void groups.add(pod, call));
  const seen = new Map<number, ReturnType<typeof given>>();
  for (const { template, pods } of groups.all()) {
    const pod = containerPod({ settings, runId: 'r', job: job! }, { template, memory: '1Gi' });
    const varied = readPlaces(writePlaces(template.varied));
    for (const number of pods) seen.set(number, given(pod, valuesOf(calls[number]!, varied)));
  }
  return seen;
}

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('$(KT_JOB)', '$$', '$(', 'a'),
);
const calls = fc.array(
  fc.record({
    command: fc.option(fc.array(word, { minLength: 1, maxLength: 2 })),
    args: fc.array(word, { maxLength: 2 }),
    env: fc.dictionary(fc.constantFrom('DAY', 'A.b-c', 'HOME'), word),
    image: fc.constantFrom('x', 'y'),
  }),
  { minLength: 1, maxLength: 8 },
);

test('CP1: a container - is given its texts as they are, whatever others are given', () => {
  fc.assert(
    fc.property(calls, some => {
      const all = some.map(callOf);
      const seen = through(all);
      for (const [pod, call] of all.entries()) {
        const { command, args, env } = seen.get(pod)!;
        expect({ command, args }).toEqual({ command: call.command, args: call.args });
        for (const [name, text] of Object.entries(call.env)) expect(env.get(name)).toBe(text);
      }
    }),
  );
});

test('CP1: a container whose Job is gone - is given the same again, and waits for nothing', () => {
  const frame = frameOf(settings);
  fc.assert(
    fc.property(calls, some => {
      const all = some.map(callOf);
      const seen = through(all);
      for (const [pod, call] of all.entries()) {
        const { metadata, spec } = itemJob(frame, { job: job!, call }).spec!.template;
        const again = given(spec, metadata.annotations ?? {});
        const env = Object.fromEntries(seen.get(pod)!.env);
        expect({ command: again.command, args: again.args }).toEqual({
          command: seen.get(pod)!.command,
          args: seen.get(pod)!.args,
        });
        expect(Object.fromEntries(again.env)).toMatchObject(
          Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('KT_VALUE_'))),
        );
        expect(spec).not.toHaveProperty('schedulingGates');
      }
    }),
  );
});

describe('CT1: containers', () => {
  test('of one image and as many arguments - are one group, which says what differs', () => {
    const groups = new ContainerGroups();
    for (const [pod, day] of ['mon', 'tue'].entries())
      groups.add(pod, callOf({ args: ['--day', day], env: { DAY: day, SAME: '1' } }));
    expect(groups.all()).toMatchObject([
      {
        pods: [0, 1],
        template: {
          varied: [
            { field: 'args', index: 1 },
            { field: 'env', name: 'DAY' },
          ],
        },
      },
    ]);
  });

  test('that are all the same - have pods that wait for nothing', () => {
    const groups = new ContainerGroups();
    groups.add(0, callOf({ command: ['true'] }));
    groups.add(1, callOf({ command: ['true'] }));
    const [group] = groups.all();
    const pod = containerPod(
      { settings, runId: 'r', job: job! },
      { template: group!.template, memory: '1Gi' },
    );
    expect(pod).not.toHaveProperty('schedulingGates');
    expect(pod['volumes']).toEqual([]);
  });

  test('of other images, or with more arguments - are groups of their own', () => {
    const groups = new ContainerGroups();
    for (const [pod, call] of [{}, { image: 'y' }, { args: ['a'] }, { command: [''] }].entries())
      groups.add(pod, callOf(call));
    expect(groups.all()).toHaveLength(4);
  });
});
