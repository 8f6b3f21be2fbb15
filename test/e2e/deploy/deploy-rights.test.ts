/** `kt deploy` by people who may not do everything. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rule } from '@kube-transform/runtime/kubernetes';
import { parse } from 'yaml';
import { preflight, preflightError } from '../../../packages/cli/src/checks/preflight.js';
import { ACCESS_RULES, DEPLOY_RULES, rightsOf } from '../../../packages/cli/src/checks/rights.js';
import { openCluster } from '../../../packages/cli/src/cluster/connect.js';
import { kt } from '../../kit/kt.js';
import { testCluster } from '../kit/cluster.js';
import { userWith, without } from '../kit/user.js';
import { BERLIN, NOON, objects, projectOf, source } from './nightly.js';

let dir: string;
beforeAll(async () => {
  dir = await projectOf(source(2, NOON));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the rights of kt deploy', () => {
  const RIGHTS = rightsOf(DEPLOY_RULES);

  /** The rules that `kt rbac --for deployer` prints. */
  async function printed(): Promise<Rule[]> {
    const { out } = await kt(dir, ['rbac', '--for', 'deployer']);
    return (parse(out) as { rules: Rule[] }).rules;
  }

  /** Deploys as somebody. */
  async function asUser(project: string, args: readonly string[], kubeconfig: string): ReturnType<typeof kt> {
    return kt(project, [
      'deploy',
      ...args.map((arg, i) => (args[i - 1] === '--kubeconfig' ? kubeconfig : arg)),
    ]);
  }

  test('of a deployer are enough where access is there, and those besides make it', async () => {
    await using fresh = await testCluster('deploy', { access: false });
    const project = await projectOf(source(2, NOON));
    const [deployer, owner] = [
      await userWith(fresh, 'ann', await printed()),
      await userWith(fresh, 'bob', [...DEPLOY_RULES, ...ACCESS_RULES]),
    ];
    const refused = await asUser(project, fresh.args, deployer);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(/may not (create|patch).* serviceaccounts/);
    const api = await openCluster({ kubeconfig: deployer, namespace: fresh.namespace });
    const found = await preflight(api, { settings: fresh.settings, steps: [] });
    expect(preflightError(found)?.problems[0]).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      path: 'your rights',
      message: expect.stringMatching(/^You may not .*patch serviceaccounts.* in namespace/) as string,
    });
    const made = await asUser(project, fresh.args, owner);
    expect(made.err).toBe('');
    expect(made.code).toBe(0);
    expect(preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))).toBeUndefined();
    api.close();
    await writeFile(join(project, 'pipelines/nightly.ts'), source(3, BERLIN));
    const { out, err, code } = await asUser(project, fresh.args, deployer);
    expect(err).toBe('');
    expect(out).toMatch(/^unchanged +Role +kt-controller/m);
    expect(out).toMatch(/^deleted +CronJob/m);
    expect(code).toBe(0);
    await rm(project, { recursive: true });
  });

  test('are each missed with a sentence', async () => {
    await using fresh = await testCluster('deploy');
    const before = await objects(fresh);
    for (const { verb, resource } of RIGHTS) {
      const kubeconfig = await userWith(
        fresh,
        `no-${verb}-${resource}`,
        without(DEPLOY_RULES, { verb, resource }),
      );
      const { err, code } = await asUser(dir, fresh.args, kubeconfig);
      expect(err).toMatch(
        new RegExp(
          `^error PREFLIGHT_FAILED {2}your rights: You may not ${verb} ${resource}\\S* in namespace`,
        ),
      );
      expect(code).toBe(3);
      const api = await openCluster({ kubeconfig, namespace: fresh.namespace });
      const [problem] =
        preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))?.problems ?? [];
      expect(problem?.message).toMatch(new RegExp(`^You may not ${verb} ${resource}`));
      api.close();
    }
    expect(await objects(fresh)).toEqual(before);
  });
});
