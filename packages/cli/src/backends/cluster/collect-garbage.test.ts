import {
  bundleName,
  clusterSettings,
  type KubeApi,
  paths,
  type RunConfig,
} from '@kube-transform/runtime/kubernetes';
import { beforeEach, expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { addBundle, addJob, addRun, hasRun } from '../../../../../test/kit/kube-runs.js';
import type { CollectOptions } from '../backend.js';
import { ClusterBackend } from './cluster-backend.js';
import { publishRun } from './publish-run.js';

const DAY_MS = 86_400_000;
const bench = new KubeBench();
let nowMs: number;

async function collected(options: Partial<CollectOptions> = {}): Promise<string[]> {
  const whole = { olderThanMs: 30 * DAY_MS, keep: 0, interrupted: false, dryRun: false, nowMs, ...options };
  const deleted = await new ClusterBackend(bench.api()).collect(whole);
  expect(deleted.filter(({ where, bytes }) => where !== 'test/ns' || bytes === 0)).toEqual([]);
  return deleted.map(({ kind, name }) => `${kind} ${name}`).sort();
}

beforeEach(() => {
  nowMs = bench.clock.nowMs();
  const old = { createdAtMs: nowMs - 40 * DAY_MS };
  const owner = addRun(bench.server, { runId: 'driven', status: 'Running', digest: 'd-driven', ...old });
  addJob(bench.server, { runId: 'driven', component: 'controller', owner });
  addRun(bench.server, { runId: 'left', status: 'Running', digest: 'd-left', ...old });
  const ended = addRun(bench.server, { runId: 'old', status: 'Failed', digest: 'd-old', ...old });
  addJob(bench.server, { runId: 'old', component: 'task', owner: ended });
  addRun(bench.server, { runId: 'new', status: 'Completed', digest: 'd-new', createdAtMs: nowMs - 2000 });
  for (const digest of ['d-driven', 'd-left', 'd-old', 'd-new']) addBundle(bench.server, digest);
  nowMs += 2 * 3_600_000;
});

test('GC1: a run that is driven stays, and one that was left unless it is asked for', async () => {
  expect(await collected({ olderThanMs: 0 })).toEqual([
    ...['bundle d-new', 'bundle d-old', 'run new', 'run old'],
  ]);
  expect(await collected({ olderThanMs: 0, interrupted: true })).toEqual(['bundle d-left', 'run left']);
  expect(hasRun(bench.server, 'driven')).toBe(true);
});

test('GC1: young runs stay, and the newest ones that are to be kept', async () => {
  expect(await collected({ dryRun: true })).toEqual(['bundle d-old', 'run old']);
  expect(await collected({ dryRun: true, keep: 1 })).toEqual(['bundle d-old', 'run old']);
  expect(await collected({ dryRun: true, keep: 4 })).toEqual([]);
  expect(hasRun(bench.server, 'old')).toBe(true);
});

test('GC2: with its ConfigMap goes all that a run owns', async () => {
  const pods = (): number => bench.server.storage.all(paths.pods('ns')).length;
  expect(pods()).toBe(2);
  expect(await collected()).toEqual(['bundle d-old', 'run old']);
  expect([hasRun(bench.server, 'old'), pods()]).toEqual([false, 1]);
});

test('GC3: a bundle stays that a run may be about to be made with', async () => {
  addBundle(bench.server, 'd-young');
  nowMs = bench.clock.nowMs() + 60_000;
  expect(await collected({ olderThanMs: 3_600_000 })).toEqual(['run old']);
  expect(await collected({ olderThanMs: 3_600_000, nowMs: nowMs + 3_600_000 })).toEqual([
    ...['bundle d-new', 'bundle d-old', 'bundle d-young', 'run new'],
  ]);
});

/** An API whose calls wait until they are let through, some at a time. */
class Gate {
  #left = 0;
  #waiting: (() => void)[] = [];
  #isBlocked: () => void = () => undefined;
  readonly api: KubeApi;

  constructor(api: KubeApi) {
    this.api = new Proxy(api, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          await this.#pass();
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  }

  /** Lets calls through; resolves when another waits, or `all` is done. */
  async let(count: number, all: Promise<unknown>): Promise<void> {
    this.#left = count;
    const blocked = new Promise<void>(resolve => (this.#isBlocked = resolve));
    for (const go of this.#waiting.splice(0)) go();
    await Promise.race([blocked, all]);
  }

  async #pass(): Promise<void> {
    while (this.#left === 0) {
      this.#isBlocked();
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
    this.#left--;
  }
}

test('GC3: beside a run that is being submitted - its code is there when both are done', async () => {
  const { server } = bench;
  const digest = 'd-shared';
  const parts = [bundleName(digest, 0), bundleName(digest, 1)];
  const settings = clusterSettings({ namespace: 'ns', store: 'file:/mnt/data' });
  const known = { pipeline: 'p', kind: 'retry', from: 'old', digest, bundleParts: 2, source: null } as const;
  const names = (): string[] =>
    server.storage.all(paths.configMaps('ns')).map(({ metadata }) => metadata.name);
  const brought = new Set<string>();
  for (let before = 0; before < 10; before++) {
    for (let between = 0; between < 12; between++) {
      for (const name of names()) server.storage.delete(paths.configMaps('ns'), name);
      for (const n of parts.keys()) addBundle(server, digest, n);
      const [submitting, collecting] = [new Gate(bench.api()), new Gate(bench.api())];
      const bring = async (): Promise<void> => {
        for (const [n, name] of parts.entries())
          if ((await submitting.api.get(paths.configMaps('ns', name))) === null) addBundle(server, digest, n);
      };
      const config: RunConfig = { ...known, runId: `run-${before}-${between}`, createdAtMs: nowMs, settings };
      const submitted = bring().then(() => publishRun(submitting.api, { config, record: null, bring }));
      const whole = { olderThanMs: 0, keep: 0, interrupted: false, dryRun: false, nowMs };
      const collected = new ClusterBackend(collecting.api).collect(whole);
      await submitting.let(before, submitted);
      await collecting.let(between, collected);
      await submitting.let(Infinity, submitted);
      await collecting.let(Infinity, collected);
      for (const { name } of await collected) brought.add(name);
      await submitted;
      expect(names(), `${before}, then ${between}`).toEqual(expect.arrayContaining(parts));
    }
  }
  // Otherwise nothing was shown: some bundles were collected before they were used.
  expect(brought).toContain(digest);
});
