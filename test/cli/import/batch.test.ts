/** `kt import batch`: what it writes gives the Job that was meant, and says what it leaves out. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { argumentsOf, readDefinitions, renderTemplate } from '@kube-transform/server';
import type { Json } from '@kube-transform/sdk';
import { expectMistake, project, runKt } from '../../kit/kt.js';
import { BATCH, strange } from './batch-jobs.js';

interface Container {
  args: string[];
  env: { name: string; value?: string }[];
}
interface Rendered {
  metadata: object;
  spec: { template: { spec: { containers: [Container] } } };
}

/** The Job that a definition of a file gives. */
function jobOf(yaml: string, name: string, args: Record<string, Json> = {}): Rendered {
  const source = readDefinitions(yaml, 'f').get(name)?.source;
  if (source?.kind !== 'text') throw new Error(`no template of ${name}`);
  return renderTemplate(source.text, argumentsOf(args)) as Rendered;
}

const imported = async (
  given: unknown,
  ...args: string[]
): Promise<{ out: string; err: string; code: number | null }> => {
  const dir = await project({ 'jobs.json': typeof given === 'string' ? given : JSON.stringify(given) });
  return await runKt(dir, ['import', 'batch', 'jobs.json', ...args]);
};

describe('kt import batch', () => {
  test('writes templates: arguments with defaults, resources, volumes, ends', async () => {
    const dir = await project({ 'jobs.json': JSON.stringify(BATCH) });
    const { code, out, err } = await runKt(dir, ['import', 'batch', 'jobs.json']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(
      'Wrote job-definitions.yaml: 2 definitions.\n  left out: transcode:2 is older than transcode:3\n',
    );
    const yaml = await readFile(join(dir, 'job-definitions.yaml'), 'utf8');
    const job = jobOf(yaml, 'transcode', { out: 'x y' });
    expect(job).toMatchObject({
      metadata: { name: 'transcode', labels: { team: 'data' } },
      spec: {
        backoffLimit: 2,
        podFailurePolicy: {
          rules: [
            { action: 'Count', onPodConditions: [{ type: 'DisruptionTarget' }] },
            { action: 'Count', onExitCodes: { containerName: 'main', operator: 'In', values: [3] } },
            { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'NotIn', values: [0] } },
          ],
        },
        template: {
          spec: {
            restartPolicy: 'Never',
            activeDeadlineSeconds: 600,
            nodeSelector: { 'kubernetes.io/arch': 'arm64' },
            containers: [
              {
                args: ['ffmpeg', '-i', 'in.mov', '-c', 'mp4', 's3://b/x y.mp4'],
                resources: {
                  requests: { cpu: '250m', memory: '2Gi', 'ephemeral-storage': '30Gi' },
                  limits: { memory: '2Gi', 'ephemeral-storage': '30Gi', 'nvidia.com/gpu': '1' },
                },
                securityContext: { runAsUser: 1000, runAsGroup: 100, readOnlyRootFilesystem: true },
                volumeMounts: [
                  { name: 'scratch-1', mountPath: '/s' },
                  { name: 'efs', mountPath: '/e', readOnly: true },
                  { name: 'memory-0', mountPath: '/dev/shm' },
                  { name: 'memory-1', mountPath: '/t' },
                ],
              },
            ],
          },
        },
      },
    });
    expect(job.spec.template.spec.containers[0].env.slice(2)).toEqual([
      { name: 'LEVEL', value: 'on' },
      { name: 'PW', valueFrom: { secretKeyRef: { name: 'transcode-secrets', key: 'PW' } } },
    ]);
    expect(
      jobOf(yaml, 'transcode', { out: 'x', in_file: 'y', codec: 'z' }).spec.template.spec.containers[0].args,
    ).toEqual(['ffmpeg', '-i', 'y', '-c', 'z', 's3://b/x.mp4']);
    expect(() => jobOf(yaml, 'transcode')).toThrow(/"out", which was not given/);
    expectMistake(await runKt(dir, ['import', 'batch', 'jobs.json']), /FILE_EXISTS/);
  });

  test('says of each field that is not carried over what takes its place, in the file too', async () => {
    const { out, err } = await imported(BATCH, '--out', '-');
    const told = [
      ...[
        'executionRoleArn',
        'jobRoleArn',
        'ulimits',
        'logConfiguration',
        'linuxParameters.initProcessEnabled',
      ],
      ...['linuxParameters.devices', 'propagateTags', 'platformCapabilities', 'newField', 'the tag "a b"'],
      ...['the Secret "transcode-secrets"', 'evaluateOnExit[2]', '/mnt/x', 'fs-1', 'volume "nope"'],
      ...['the parameter "in-file" is the argument "in_file"'],
    ];
    for (const what of told) {
      expect(err).toMatch(new RegExp(`^  transcode: .*${what.replaceAll(/[.[\]]/g, '\\$&')}`, 'm'));
      expect(out).toMatch(new RegExp(`^# - .*${what.replaceAll(/[.[\]]/g, '\\$&')}`, 'm'));
    }
    expect(err.split('\n').filter(line => line.startsWith('  plain_job: '))).toEqual([]);
    const { err: less } = await imported(BATCH, '--out', '-', '--service-account', 'runner');
    expect(less).not.toContain('jobRoleArn');
  });

  test('--as pipeline - writes pipelines that pass kt check, formatted', async () => {
    const dir = await project({ 'jobs.json': JSON.stringify(BATCH) });
    const { code, out } = await runKt(dir, ['import', 'batch', 'jobs.json', '--as', 'pipeline']);
    expect(code).toBe(0);
    expect(out).toContain('Wrote pipelines/batch.ts: 2 pipelines.\n');
    const text = await readFile(join(dir, 'pipelines/batch.ts'), 'utf8');
    const options = {
      printWidth: 110,
      singleQuote: true,
      arrowParens: 'avoid',
      parser: 'typescript',
    } as const;
    expect(text).toBe(await format(text, options));
    expect(text).toContain(
      "args: ['ffmpeg', '-i', params['in-file'], '-c', params.codec, text`s3://b/${params.out}.mp4`],",
    );
    expect(text).toContain("retries: 2,\n    timeout: '600s',");
    for (const name of ['transcode', 'plain_job'])
      expect((await runKt(dir, ['check', `pipelines/batch.ts#${name}`])).err).toBe('');
    const one = await runKt(dir, ['import', 'batch', 'jobs.json', 'plain_job', '--as', 'pipeline']);
    expect(one.out).toContain('Wrote pipelines/plain_job.ts: 1 pipeline.');
    expect(await readFile(join(dir, 'pipelines/plain_job.ts'), 'utf8')).toContain('export default pipeline(');
  });

  test('texts arrive as they are, whatever Jinja, YAML and Kubernetes would make of them', async () => {
    const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...strange));
    const words = fc.array(
      fc.array(word, { maxLength: 3 }).map(parts => parts.join('')),
      { maxLength: 4 },
    );
    const { readBatch } = await import('../../../packages/cli/src/import/batch-source.js');
    const { batchWork } = await import('../../../packages/cli/src/import/batch-work.js');
    const { definitionsYaml } = await import('../../../packages/cli/src/import/batch-template.js');
    // As kubelet expands arguments.
    const expanded = (text: string): string =>
      text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (all, name: string | undefined) =>
        name === undefined ? '$' : all === '$(LEVEL)' ? 'EXPANDED' : all,
      );
    fc.assert(
      fc.property(words, word, (command, value) => {
        const bare = command.filter(text => !text.includes('Ref::'));
        const container = {
          image: 'x',
          command: [...bare, 'aRef::p', 'Ref::q'],
          environment: [{ name: 'LEVEL', value }],
        };
        const given = { jobDefinitionName: 'j', parameters: { p: value }, containerProperties: container };
        const { definitions } = readBatch(JSON.stringify(given), { file: 'f', names: [] });
        const yaml = definitionsYaml([batchWork(definitions[0]!, { serviceAccount: undefined })], 'f');
        const [main] = jobOf(yaml, 'j', { q: 'Q' }).spec.template.spec.containers;
        expect(main.args.map((text, i) => (i < bare.length ? expanded(text) : text))).toEqual([
          ...bare,
          `a${value}`,
          'Q',
        ]);
        expect(expanded(main.env.at(-1)!.value!)).toBe(value);
      }),
      { numRuns: 150 },
    );
  });

  const container = { image: 'x' };
  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /BAD_BATCH {2}jobs\.json.*it is not JSON/s],
    ['nothing', '', /BAD_BATCH/],
    ['a list that is empty', { jobDefinitions: [] }, /BAD_BATCH.*no active definition/s],
    ['text', '"x"', /BAD_BATCH.*expected an object, but got "x"/s],
    ['no name', { containerProperties: container }, /BAD_BATCH {2}jobs\.json jobDefinitionName/],
    [
      'no image',
      { jobDefinitions: [{ jobDefinitionName: 'a', containerProperties: {} }] },
      /jobDefinitions\[0\] containerProperties\.image/,
    ],
    ['CloudFormation', { Resources: {} }, /BAD_BATCH.*CloudFormation/s],
    ['Terraform', [{ container_properties: {} }], /BAD_BATCH {2}jobs\.json \[0\].*Terraform/s],
    [
      'what has ended',
      { jobDefinitionName: 'a', status: 'INACTIVE', containerProperties: container },
      /a:0 is INACTIVE/,
    ],
    ['a pod of EKS', { jobDefinitionName: 'a', eksProperties: {} }, /BATCH_REFUSED.*podProperties/s],
    ['several nodes', { jobDefinitionName: 'a', type: 'multinode' }, /BATCH_REFUSED.*multi-node/s],
    ['several containers', { jobDefinitionName: 'a', ecsProperties: {} }, /BATCH_REFUSED.*ecsProperties/s],
    ['no container', { jobDefinitionName: 'a' }, /BATCH_REFUSED.*no containerProperties/s],
    [
      'a command that is text',
      { jobDefinitionName: 'a', containerProperties: { image: 'x', command: 'ls' } },
      /expected a list, but got "ls"/,
    ],
    [
      'attempts that are none',
      { jobDefinitionName: 'a', containerProperties: container, retryStrategy: { attempts: 0 } },
      /retryStrategy\.attempts: .*at least 1, but got 0|attempts/,
    ],
    [
      'two of one name here',
      ['a_', 'a-'].map(name => ({ jobDefinitionName: name, containerProperties: container })),
      /BATCH_REFUSED.*called "a"/s,
    ],
  ])('refuses %s', async (_, given, why) => {
    const ended = await imported(given, '--out', '-');
    expect(ended.out).toBe('');
    expectMistake(ended, why);
  });

  test('refuses a name that is not there, and a file that is not', async () => {
    expectMistake(await imported(BATCH, 'nobody'), /BAD_BATCH.*no definition "nobody"/s);
    expectMistake(
      await runKt(await project({}), ['import', 'batch', 'nope.json']),
      /READ_FAILED {2}nope\.json/,
    );
  });

  test('takes a skeleton of the AWS command line, in which much is null', async () => {
    const skeleton = {
      jobDefinitionName: 'a',
      type: 'container',
      parameters: null,
      containerProperties: { ...container, command: null, environment: [], jobRoleArn: null },
      retryStrategy: null,
    };
    const { out, err, code } = await imported(skeleton, '--out', '-');
    expect([code, err]).toEqual([0, '']);
    expect(jobOf(out, 'a')).toMatchObject({ spec: { backoffLimit: 0 } });
    expect(parse(out)).toHaveLength(1);
  });
});
