/** The golden cases of schedules of Meltano, and what they want of a rendered tree. */
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { root } from '../sources.js';

/** One of some values, a name that only has to be valid, or the value itself. */
type Wanted<T> =
  T | { anyOf: T[] } | { valid: true; maxLength: number } | { validLabel: true } | { absentOr: T };

export interface GoldenCase {
  id: string;
  about: string;
  given: {
    schedules_document: object;
    environment: string | null;
    before?: Record<string, string>;
    meltanoExit?: number;
    meltanoStderr?: string;
  };
  want: {
    exit: number | 'any' | 'nonzero';
    cronJobs?: {
      for: string;
      name: Wanted<string>;
      schedule: Wanted<string>;
      command: string[];
      env: Record<string, Wanted<string>>;
      labels: Record<string, Wanted<string>>;
      mayBeLeftOut?: boolean;
    }[];
    told?: string[];
    dropped?: string[];
    untouched?: string[];
    absent?: string[];
    present?: string[];
    builds?: { base?: boolean; overlay?: boolean };
    files?: Record<string, unknown[]>;
  };
}

export const CASES = JSON.parse(
  readFileSync(join(root, 'test/fixtures/meltano/cases.json'), 'utf8'),
) as GoldenCase[];

/** A CronJob as it is rendered. */
export interface CronJob {
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    schedule: string;
    jobTemplate: { metadata?: object; spec: { template: { metadata?: object; spec: PodSpec } } };
  };
}
interface PodSpec {
  containers: { name: string; command: string[]; env?: { name: string; value: string }[] }[];
}

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** All files below a folder, by path. */
export async function filesIn(dir: string): Promise<Map<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, string>();
  for (const entry of entries.filter(one => one.isFile()))
    files.set(
      relative(dir, join(entry.parentPath, entry.name)),
      await readFile(join(entry.parentPath, entry.name), 'utf8'),
    );
  return files;
}

/** The CronJobs of a base, in the order in which its Kustomization names them. */
export function cronJobsOf(files: ReadonlyMap<string, string>): CronJob[] {
  const { resources } = parse(files.get('base/kustomization.yml') ?? '') as { resources: string[] };
  return resources.map(name => parse(files.get(`base/${name}`) ?? '') as CronJob);
}

function expectWanted(seen: string | undefined, wanted: Wanted<string>): void {
  if (typeof wanted === 'string') return void expect(seen).toBe(wanted);
  if ('anyOf' in wanted) return void expect(wanted.anyOf).toContain(seen);
  if ('absentOr' in wanted) return void expect([undefined, wanted.absentOr]).toContain(seen);
  if ('validLabel' in wanted) return void expect(seen).toMatch(LABEL);
  expect(seen).toMatch(NAME);
  expect(seen?.length).toBeLessThanOrEqual(wanted.maxLength);
}

/** That the CronJobs are those that are wanted, in their order, and no others. */
export function expectCronJobs(seen: readonly CronJob[], { want }: GoldenCase, told: string): void {
  const names = seen.map(({ metadata }) => metadata.name);
  expect(new Set(names).size).toBe(names.length);
  const left = [...seen];
  for (const wanted of want.cronJobs ?? []) {
    const next = left[0];
    const isNext =
      next?.spec.jobTemplate.spec.template.spec.containers[0]?.command.join() === wanted.command.join();
    if (wanted.mayBeLeftOut === true && !isNext) {
      expect(told).toContain(wanted.for);
      continue;
    }
    const job = left.shift()!;
    const [container] = job.spec.jobTemplate.spec.template.spec.containers;
    expectWanted(job.metadata.name, wanted.name);
    expectWanted(job.spec.schedule, wanted.schedule);
    expect(container?.command).toEqual(wanted.command);
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    for (const [name, value] of Object.entries(wanted.env)) expectWanted(env[name], value);
    expect(Object.keys(env).filter(name => !(name in wanted.env))).toEqual([]);
    for (const [key, label] of Object.entries(wanted.labels)) expectWanted(job.metadata.labels[key], label);
  }
  expect(left).toEqual([]);
}

/** What is ours beside what meltano-kubernetes-ext writes, taken away. */
export function withoutOurs(document: unknown): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  if (copy['kind'] === 'CronJob') {
    const { spec, metadata } = copy as unknown as CronJob;
    delete metadata.annotations;
    const { jobTemplate } = spec as CronJob['spec'] | { jobTemplate: never };
    delete jobTemplate.metadata;
    delete jobTemplate.spec.template.metadata;
  }
  return copy;
}
