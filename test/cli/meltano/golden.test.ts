/** `kt render meltano` gives what meltano-kubernetes-ext gives, where that was right. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BIN, type Ended, project, run } from '../../kit/kt.js';
import {
  CASES,
  cronJobsOf,
  expectCronJobs,
  filesIn,
  type GoldenCase,
  withoutOurs,
} from '../../kit/meltano/golden-cases.js';

const OUT = 'orchestrate/kubernetes';

/** A project in which `meltano` prints what the case says. */
async function renderCase({ given }: GoldenCase): Promise<{ ended: Ended; dir: string }> {
  const dir = await project({
    'printed.json': JSON.stringify(given.schedules_document),
    'bin/meltano': `#!/bin/sh
test "$*" = "schedule list --format=json" || exit 64
echo ${JSON.stringify(given.meltanoStderr ?? 'a notice')} >&2
test ${given.meltanoExit ?? 0} = 0 || exit ${given.meltanoExit ?? 0}
cat printed.json
`,
  });
  await chmod(join(dir, 'bin/meltano'), 0o755);
  for (const [path, text] of Object.entries(given.before ?? {})) {
    await mkdir(dirname(join(dir, OUT, path)), { recursive: true });
    await writeFile(join(dir, OUT, path), text);
  }
  const environment = given.environment === null ? [] : ['--environment', given.environment];
  const path = `PATH=${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const args = ['-u', 'MELTANO_ENVIRONMENT', '-u', 'MELTANO_PROJECT_ROOT', path, process.execPath, BIN];
  return { ended: await run('env', [...args, 'render', 'meltano', ...environment], { dir }), dir };
}

describe('kt render meltano, golden cases', () => {
  test('there are all of them', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(23);
  });

  test.each(CASES)('$id: $about', async golden => {
    const { given, want } = golden;
    const { ended, dir } = await renderCase(golden);
    const told = ended.out + ended.err;
    if (want.exit === 'nonzero') expect(ended.code).not.toBe(0);
    else if (want.exit !== 'any') expect(ended.code, told).toBe(want.exit);
    expect(told).not.toMatch(/^\s+at |This is a bug/m);
    for (const word of [...(want.told ?? []), ...(want.dropped ?? [])]) expect(told).toContain(word);

    const files = await filesIn(join(dir, OUT));
    for (const path of want.untouched ?? []) expect(files.get(path)).toBe(given.before?.[path]);
    for (const path of want.absent ?? []) expect(files.has(path)).toBe(false);
    for (const path of want.present ?? []) expect(files.has(path)).toBe(true);
    // Nothing outside, and nothing left of what was under way.
    const all = [...(await filesIn(dir)).keys()].filter(path => !path.startsWith('node_modules'));
    const known = ['package.json', 'printed.json', 'bin/meltano'];
    expect(all.filter(path => !known.includes(path) && !/kubernetes\/(base|overlays)\//.test(path))).toEqual(
      [],
    );
    if (want.cronJobs === undefined) return;
    expectCronJobs(cronJobsOf(files), golden, told);
    if (given.environment === null)
      expect([...files.keys()].some(path => path.startsWith('overlays'))).toBe(false);
    if (want.files === undefined) return;
    expect([...files.keys()].sort()).toEqual(Object.keys(want.files).sort());
    for (const [path, [document]] of Object.entries(want.files)) {
      const seen: unknown = parse(files.get(path) ?? '');
      if (!path.endsWith('kustomization.yml')) expect(withoutOurs(seen), path).toEqual(document);
      else {
        const { resources, configMapGenerator } = document as Record<string, unknown>;
        const generated = configMapGenerator === undefined ? {} : { configMapGenerator };
        expect(seen).toMatchObject({ resources: resources ?? [], ...generated });
      }
    }
  });
});
