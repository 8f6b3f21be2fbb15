/** What docs/from-meltano-ext.md shows fits what is rendered, as far as one sees without Kustomize. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { recipes } from '../../kit/meltano/recipes.js';
import { project, runKt } from '../../kit/kt.js';
import { read } from '../../kit/sources.js';
import { type CronJob, cronJobsOf, filesIn } from '../../kit/meltano/golden-cases.js';

interface Kustomization {
  resources: string[];
  patches: { path: string; target?: { kind: string; labelSelector?: string } }[];
}

/** A CronJob with only some of its members. */
type Patch = {
  kind: string;
  spec: { jobTemplate?: { spec: { template: { spec: { containers?: { name: string }[] } } } } };
};

test('each overlay of the page patches what is there with files that are there', async () => {
  const all = recipes();
  expect(all.length).toBeGreaterThanOrEqual(8);
  const dir = await project({ 'list.json': read('test/fixtures/meltano/schedule-list-meltano-4.json') });
  await runKt(dir, ['render', 'meltano', '--from', 'list.json', '-D', '.', '--environment', 'prod']);
  const rendered = await filesIn(dir);
  const [one] = cronJobsOf(rendered) as [CronJob];
  const containers = one.spec.jobTemplate.spec.template.spec.containers.map(({ name }) => name);
  for (const { title, files } of all) {
    const overlay = new Map([
      ...[...rendered].map(([path, text]) => [path.replace(join('overlays/prod/'), ''), text] as const),
      ...files,
    ]);
    const { resources, patches } = parse(overlay.get('kustomization.yml') ?? '') as Kustomization;
    expect(resources, title).toEqual(['../../base']);
    const used = new Set(['kustomization.yml', ...patches.map(({ path }) => path)]);
    expect(
      [...files.keys()].filter(name => !used.has(name)),
      title,
    ).toEqual([]);
    for (const { path, target } of patches) {
      const patch = parse(overlay.get(path) ?? '') as Patch;
      if (target === undefined)
        expect(patch, path).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'env' } });
      else if (!Array.isArray(patch)) {
        expect(patch.kind, path).toBe(target.kind);
        const patched = patch.spec.jobTemplate?.spec.template.spec.containers ?? [];
        for (const { name } of patched) expect(containers, path).toContain(name);
      }
    }
  }
});
