import type { DeployedVersion, KubeObject } from '@kube-transform/runtime/kubernetes';
import { deployLabels, LABEL } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { leftBehind } from './left-behind.js';

const deployed = (...names: string[]): DeployedVersion[] =>
  names.map(pipeline => ({ pipeline }) as DeployedVersion);
const schedule = (pipeline: string, name: string): KubeObject => ({
  kind: 'CronJob',
  metadata: { name, labels: deployLabels(pipeline, 'shop', 'schedule') },
});
const version = (pipeline: string, name: string, day: number, part = 0): KubeObject => ({
  kind: 'ConfigMap',
  metadata: {
    name: `${name}-${part}`,
    creationTimestamp: new Date(Date.UTC(2026, 0, day)).toISOString(),
    labels: { ...deployLabels(pipeline, 'shop', 'version'), [LABEL.version]: name },
  },
});
const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name);

test('leftBehind - a schedule that is no longer in the plan goes, and no other', () => {
  const there = [schedule('a', 'old'), schedule('a', 'new'), schedule('b', 'other')];
  const plan = { versions: deployed('a'), objects: [schedule('a', 'new')] };
  expect(names(leftBehind(plan, there, false))).toEqual(['old']);
});

test('leftBehind - pipelines that the project no longer has go only with the whole project', () => {
  const there = [schedule('b', 'nightly'), version('b', 'v1', 1)];
  const plan = { versions: deployed('a'), objects: [] };
  expect(leftBehind(plan, there, false)).toEqual([]);
  expect(names(leftBehind(plan, there, true))).toEqual(['nightly', 'v1-0']);
});

test('leftBehind - the last ten versions of a pipeline stay, with all their parts', () => {
  const there = Array.from({ length: 12 }, (_, i) => [
    version('a', `v${i}`, 28 - i),
    version('a', `v${i}`, 28 - i, 1),
  ]).flat();
  const plan = { versions: deployed('a'), objects: [version('a', 'v0', 28)] };
  expect(names(leftBehind(plan, there.reverse(), true))).toEqual(['v11-1', 'v11-0', 'v10-1', 'v10-0']);
});
