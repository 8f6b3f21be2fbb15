/** Documents of kube-transform run as they are. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runKt } from '../kit/kt.js';
import { root } from '../kit/sources.js';

const fixtures = join(root, 'test/fixtures/documents');

describe.each(['in-process', 'processes'])('a kube-transform document runs unchanged, %s', executor => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kt-documents-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  test('static, dynamic, nested dynamic, no-op jobs, null fields, unnamed jobs, dotted functions', async () => {
    const args = [
      'run',
      join(fixtures, 'everything.json'),
      '--functions',
      join(fixtures, 'my_module.ts'),
      '--executor',
      executor,
      '--store',
      `file:${dir}`,
      '--run-id',
      'r',
    ];
    const { code, out, err } = await runKt(root, args);
    expect(`${out}${err}`).toContain('Completed');
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(join(dir, 'collected.json'), 'utf8'))).toEqual({
      grown: ['1-1.txt', '1-2.txt', '2-1.txt', '2-2.txt'],
      schema: { $ref: '#/definitions/leaf' },
    });
    const summary = JSON.parse(await readFile(join(dir, 'kt-metadata/r/pipeline_run_state.json'), 'utf8'));
    const statuses = Object.fromEntries(
      Object.entries(summary.jobs as Record<string, { status: string }>).map(([name, job]) => [
        name,
        job.status,
      ]),
    );
    expect(new Set(Object.values(statuses))).toEqual(new Set(['Completed']));
    expect(Object.keys(statuses).sort()).toEqual(
      [
        'Load_Data',
        'collect',
        'grow',
        'grow-job-0',
        'grow-job-1',
        'grow-job-1-job-0',
        'no function',
        'nothing',
        'nothing to spawn',
        'pipeline-Everything At Once-job-1',
      ].sort(),
    );
  });

  test("the starter kit's hello world gives the starter kit's output", async () => {
    const args = [
      'run',
      join(root, 'examples/hello-world.json'),
      '--functions',
      join(root, 'examples/kt_functions/hello_world.ts'),
      '--executor',
      executor,
    ];
    const { code, err } = await runKt(root, args);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(await readFile(join(root, 'out/hello_world/processed/part_1.txt'), 'utf8')).toBe(
      'Hello World: A\nHello World: B',
    );
    expect(await readFile(join(root, 'out/hello_world/processed/part_2.txt'), 'utf8')).toBe(
      'Hello World: C\nHello World: D',
    );
  });
});
