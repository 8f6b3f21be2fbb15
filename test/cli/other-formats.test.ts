/** What a newer kt wrote, and what is broken: refused with a sentence, and in nobody's way. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deploymentName, paths, runConfigMap } from '@kube-transform/runtime/kubernetes';
import { VERSION } from '@kube-transform/runtime/internal';
import { type Ended, expectMistake, project, run, runKt, SHAKY } from '../kit/kt.js';
import { addRun, hasRun, submittedTo } from '../kit/kube-runs.js';
import { KubeServer } from '../kit/kube-server.js';

const NEWER = JSON.stringify({ format: 3, kt: '0.9.0', whatever: true });
const SENTENCE = new RegExp(
  `NEWER_FORMAT .*: This run was written in format 3 by a newer kt \\(0\\.9\\.0\\); this kt ${VERSION.replaceAll('.', '\\.')} reads formats up to [12]\\. Update @kube-transform/cli\\.`,
);
const listed = (out: string): { runId: string; problem?: string }[] => JSON.parse(out) as { runId: string }[];

describe('in a store', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await project({ 'pipelines/shaky.ts': SHAKY, fixed: '' });
    await runKt(dir, ['run', 'shaky', '--run-id', 'mine']);
    await mkdir(join(dir, 'kt-metadata/newer'), { recursive: true });
    await writeFile(join(dir, 'kt-metadata/newer/spec.json'), NEWER);
  });

  test.each([
    ['status', 'newer'],
    ['logs', 'newer'],
    ['logs', 'newer', '--failed'],
    ['run', '--resume', 'newer'],
    ['retry', 'newer', '--failed'],
    ['cancel', 'newer'],
  ])('a run of a newer kt is refused - kt %s %s %s', async (...args) => {
    expectMistake(await runKt(dir, args.filter(Boolean)), SENTENCE);
  });

  test('kt runs lists the others, and says of a run that it cannot be read', async () => {
    await mkdir(join(dir, 'kt-metadata/torn'));
    await writeFile(join(dir, 'kt-metadata/torn/spec.json'), '{"runId');
    await mkdir(join(dir, 'kt-metadata/newer-state'));
    await writeFile(join(dir, 'kt-metadata/newer-state/pipeline_run_state.json'), NEWER);
    const [text, json, latest] = await Promise.all([
      runKt(dir, ['runs']),
      runKt(dir, ['runs', '--json']),
      runKt(dir, ['status', 'latest', '--json']),
    ]);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^mine +shaky +Completed/m);
    expect(text.out).toMatch(/^newer +\(of a newer kt\)/m);
    expect(text.out).toMatch(/^torn +\(unreadable\)/m);
    expect(text.err).toMatch(/^newer {2}kt-metadata\/newer\/spec\.json: This run was written in format 3/m);
    expect(text.err).toMatch(
      /^torn {2}kt-metadata\/torn\/spec\.json: This run cannot be read: it is not JSON/m,
    );
    const problems = Object.fromEntries(
      listed(json.out).map(({ runId, problem }) => [runId, problem ?? null]),
    );
    expect(problems).toMatchObject({
      mine: null,
      newer: expect.stringContaining('in format 3'),
      'newer-state': expect.stringContaining('in format 3'),
      torn: expect.stringContaining('not JSON'),
    });
    expect(listed(`[${latest.out}]`)).toMatchObject([{ runId: 'mine' }]);
  });

  test('CG3: kt gc leaves a run of a newer kt and all bundles, and one that cannot be read', async () => {
    await mkdir(join(dir, 'kt-metadata/torn'));
    await writeFile(join(dir, 'kt-metadata/torn/spec.json'), '{"runId');
    const gc = await runKt(dir, ['gc', '--interrupted', '--older-than', '0s', '--keep', '0', '--json']);
    const { deleted } = JSON.parse(gc.out) as { deleted: { kind: string; name: string }[] };
    expect(deleted.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(['run mine']);
    expect(await readFile(join(dir, 'kt-metadata/newer/spec.json'), 'utf8')).toBe(NEWER);
  });
});

describe('in a cluster', () => {
  let server: KubeServer;
  let dir: string;
  beforeEach(async () => {
    server = await KubeServer.start();
    dir = await submittedTo(server);
    addRun(server, { runId: 'mine', status: 'Completed', createdAtMs: Date.now() - 60_000 });
    addNewer('newer', { 'run.json': NEWER });
  });
  afterEach(() => server.close());

  const addNewer = (runId: string, data: Record<string, string>): void => {
    server.storage.create(
      paths.configMaps('ns'),
      runConfigMap({ runId, pipeline: 'p', namespace: 'ns', digest: 'd2', data }),
    );
  };

  test.each([['status'], ['logs'], ['cancel'], ['submit', '--resume'], ['retry', '--failed']])(
    'a run of a newer kt is refused - kt %s %s',
    async (...args) => {
      expectMistake(await runKt(dir, [...args.filter(Boolean), 'newer', '-n', 'ns']), SENTENCE);
    },
  );

  test('kt runs lists the others, and says of a run that it cannot be read', async () => {
    const config = JSON.parse(
      server.storage
        .all(paths.configMaps('ns'))
        .map(({ data }) => (data as Record<string, string>)['run.json'])
        .find(text => text?.includes('mine')) ?? '',
    ) as object;
    addNewer('told-newer', {
      'run.json': JSON.stringify({ ...config, runId: 'told-newer' }),
      summary: NEWER,
    });
    const [text, json, status, latest] = await Promise.all([
      runKt(dir, ['runs', '-n', 'ns']),
      runKt(dir, ['runs', '-n', 'ns', '--json']),
      runKt(dir, ['status', 'told', '-n', 'ns']),
      runKt(dir, ['status', 'latest', '-n', 'ns', '--json']),
    ]);
    expect(text.out).toMatch(/^mine +p +Completed/m);
    expect(text.out).toMatch(/^newer +\(of a newer kt\)/m);
    const problems = Object.fromEntries(
      listed(json.out).map(({ runId, problem }) => [runId, problem ?? null]),
    );
    expect(problems).toMatchObject({
      mine: null,
      newer: expect.stringContaining('in format 3'),
      'told-newer': expect.stringContaining('report of a run'),
    });
    expectMistake(status, /This report of a run was written in format 3/m);
    expect(listed(`[${latest.out}]`)).toMatchObject([{ runId: 'mine' }]);
  });

  test('GC1: kt gc leaves a run that it cannot read', async () => {
    await runKt(dir, ['gc', '-n', 'ns', '--interrupted', '--older-than', '0s', '--keep', '0']);
    expect([hasRun(server, 'mine'), hasRun(server, 'newer')]).toEqual([false, true]);
  });

  test('a deployment of a newer kt is refused', async () => {
    const metadata = { name: deploymentName('shaky'), namespace: 'ns' };
    server.storage.create(paths.configMaps('ns'), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'deployment.json': NEWER },
    });
    expectMistake(
      await runKt(dir, ['rollback', 'shaky', '-n', 'ns']),
      /NEWER_FORMAT .*This deployment was written in format 3/,
    );
  });
});

describe('in a pod', () => {
  const ENTRY = fileURLToPath(new URL('../../packages/runtime/dist/entry/controller.js', import.meta.url));

  /** Starts the controller's entry with files in the folder of its ConfigMaps. */
  async function started(
    files: Record<string, string>,
    env: Record<string, string>,
  ): Promise<Ended & { note: string }> {
    const dir = await project(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`run/${name}`, text])),
    );
    const note = join(dir, 'note');
    Object.assign(env, { KT_RUN_DIR: join(dir, 'run'), KT_TERMINATION: note });
    const script = `Object.assign(process.env, ${JSON.stringify(env)}); const { startController } = await import(${JSON.stringify(ENTRY)}); await startController('d');`;
    const ended = await run(process.execPath, ['--input-type=module', '-e', script], { dir });
    return { ...ended, note: await readFile(note, 'utf8') };
  }

  test('a controller refuses a run of a newer kt, for good', async () => {
    const { code, out, note } = await started({ 'run.json': NEWER }, {});
    expect(code).toBe(78);
    expect(note).toMatch(/run\.json: This run was written in format 3 by a newer kt \(0\.9\.0\); this kt/);
    expect(out).toContain('This run was written in format 3');
  });

  test('a launcher refuses a version of a newer kt, for good', async () => {
    const { code, note } = await started({ 'version.json': NEWER }, { KT_LAUNCH: 'kt-p-1' });
    expect(code).toBe(78);
    expect(note).toMatch(/This deployed version was written in format 3 by a newer kt \(0\.9\.0\); this kt/);
  });

  test('a broken configuration may be a passing fault', async () => {
    const { code, note } = await started({ 'run.json': '{"runId' }, {});
    expect(code).toBe(75);
    expect(note).toMatch(/run\.json: This run cannot be read: it is not JSON/);
  });
});
