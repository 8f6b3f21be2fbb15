import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { debugJob, debugWords, type Debugged, replayWords } from './debug-job.js';
import { expanded, literal, posixWord } from './kubelet-text.js';

interface Golden {
  id: string;
  about: string;
  given: { argv: string[]; image: string };
  want: {
    pod: { name: string; restartPolicy: string; tty: boolean; stdin: boolean; 'env has': string[] };
  };
}
const url = new URL('../../../../../test/fixtures/taclib/rerun.json', import.meta.url);
const golden = JSON.parse(readFileSync(url, 'utf8')) as Golden[];

const RULE = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kt-r', uid: 'u1' };
const given = (more: Partial<Debugged> & { spec?: object } = {}): Debugged => ({
  name: 'load-1',
  namespace: 'ns',
  metadata: {
    labels: {
      'kt.dev/run': 'r',
      'kt.dev/job': 'load',
      'kt.dev/wave': '0',
      'kt.dev/container': 'true',
      'app.kubernetes.io/component': 'task',
      'batch.kubernetes.io/job-name': 'load',
      'batch.kubernetes.io/controller-uid': 'x',
      'batch.kubernetes.io/job-completion-index': '4',
      'job-name': 'load',
      'controller-uid': 'x',
    },
    annotations: { 'kt.dev/value-0': 'a b\n$(A) $$', 'kt.dev/job': 'load', 'other/annotation': '1' },
  },
  spec: {
    nodeName: 'node-1',
    hostname: 'load-1',
    schedulingGates: [{ name: 'kt.dev/item' }],
    activeDeadlineSeconds: 3,
    restartPolicy: 'OnFailure',
    nodeSelector: { disk: 'fast' },
    containers: [
      {
        name: 'main',
        image: 'reg/x:1',
        command: ['load', '$(KT_VALUE_0)', '$$HOME', "it's"],
        args: ['$(UNKNOWN)'],
        livenessProbe: {},
        env: [
          { name: 'A', value: '1' },
          {
            name: 'KT_VALUE_0',
            valueFrom: { fieldRef: { fieldPath: "metadata.annotations['kt.dev/value-0']" } },
          },
          { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: 'x' } } },
        ],
        resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
        volumeMounts: [{ name: 'data' }, { name: 'kube-api-access-x' }],
      },
    ],
    volumes: [{ name: 'data' }, { name: 'kube-api-access-x' }],
  },
  item: null,
  owner: RULE,
  ...more,
});
const wishes = { keepSeconds: 60 };
interface Spec {
  containers: Record<string, unknown>[];
  [field: string]: unknown;
}
const podOf = (of: Debugged, more = {}): { spec: Spec; labels: Record<string, string> } => {
  const { metadata, spec } = debugJob(of, { ...wishes, ...more }).spec?.template ?? {
    metadata: { labels: {} },
  };
  return { spec: spec as unknown as Spec, labels: metadata.labels };
};

describe('the golden of taclib', () => {
  test.each(golden)('$id: $about', ({ given: { image }, want: { pod: want } }) => {
    const of = given();
    const job = debugJob(of, wishes);
    const { spec, labels } = podOf(of);
    const [main] = spec.containers;
    expect(job.metadata.name).toBe(want.name);
    expect(job.metadata.ownerReferences).toEqual([RULE]);
    expect(spec).not.toHaveProperty('nodeName');
    expect(labels).not.toHaveProperty('job-name');
    for (const field of ['uid', 'resourceVersion', 'status']) expect(job.metadata).not.toHaveProperty(field);
    expect(spec['restartPolicy']).toBe(want.restartPolicy);
    expect(main).toMatchObject({ image, tty: want.tty, stdin: want.stdin });
    const env = (main?.['env'] as { name: string; value?: string }[]).map(
      ({ name, value = '' }) => `${name}=${value}`,
    );
    expect(env).toEqual(expect.arrayContaining(want['env has']));
  });
});

describe('a debug pod', () => {
  test('DB1: is found by nothing that finds pods of steps, and keeps its run', () => {
    expect(podOf(given()).labels).toEqual({
      'kt.dev/run': 'r',
      'app.kubernetes.io/component': 'debug',
      'app.kubernetes.io/managed-by': 'kt',
    });
  });

  test('DB2: ends with its time, and its Job goes', () => {
    expect(debugJob(given(), wishes).spec).toMatchObject({
      activeDeadlineSeconds: 60,
      ttlSecondsAfterFinished: 5,
      backoffLimit: 0,
    });
    const { spec } = podOf(given());
    expect(spec).not.toHaveProperty('activeDeadlineSeconds');
    expect(spec).not.toHaveProperty('schedulingGates');
    expect(spec['nodeSelector']).toEqual({ disk: 'fast' });
    expect(spec['volumes']).toEqual([{ name: 'data' }]);
    expect(spec.containers[0]?.['volumeMounts']).toEqual([{ name: 'data' }]);
  });

  test('of a worker that mounts nothing - lays out its code when it begins to wait', () => {
    const laying = ['--import', 'data:text/javascript,lay()'];
    const command = ['node', '--max-old-space-size=9', ...laying, '/tmp/kt-bundle/worker.mjs'];
    const of = given({ item: 4, spec: { containers: [{ name: 'main', command }] } });
    const [main] = podOf(of).spec.containers;
    expect(main?.['command']).toEqual(['node', ...laying, '-e', 'setTimeout(() => undefined, 60000)']);
    expect(debugWords(of)).toEqual(['node', '--max-old-space-size=9', '/tmp/kt-bundle/worker.mjs']);
  });

  test('waits, and holds what it would have run as one line of a shell', () => {
    const [main] = podOf(given()).spec.containers;
    expect(main?.['command']).toEqual(['sh', '-c', 'sleep 60']);
    expect(main).not.toHaveProperty('args');
    expect(main).not.toHaveProperty('livenessProbe');
    expect(debugWords(given())).toEqual(['load', 'a b\n$(A) $$', '$HOME', "it's", '$(UNKNOWN)']);
    const env = main?.['env'] as { name: string; value?: string }[];
    expect(env.find(({ name }) => name === 'KT_COMMAND')?.value).toBe(
      "load 'a b\n$$(A) $$$$' '$$HOME' 'it'\\''s' '$$(UNKNOWN)'",
    );
    expect(env.filter(({ name }) => name === 'JOB_COMPLETION_INDEX')).toEqual([
      { name: 'JOB_COMPLETION_INDEX', value: '4' },
    ]);
  });

  test('of a function waits with Node, and replays one item', () => {
    const spec = {
      containers: [{ name: 'main', command: ['node', '--max-old-space-size=100', '/kt/bundle/worker.mjs'] }],
    };
    const of = given({ item: 7, spec });
    const [main] = podOf(of).spec.containers;
    expect(main?.['command']).toEqual(['node', '-e', 'setTimeout(() => undefined, 60000)']);
    expect(main?.['env']).toContainEqual({ name: 'KT_DEBUG_ITEM', value: '7' });
    expect(replayWords(debugWords(of, { memory: '1000Mi' }), 9229)).toEqual([
      'node',
      '--inspect-brk=127.0.0.1:9229',
      '--max-old-space-size=1100',
      '/kt/bundle/worker.mjs',
    ]);
  });

  test('takes another image and other memory, and keeps what else it asks for', () => {
    const [main] = podOf(given(), { image: 'busybox:1', memory: '4Gi' }).spec.containers;
    expect(main?.['image']).toBe('busybox:1');
    expect(main?.['resources']).toEqual({
      requests: { cpu: '1', memory: '4Gi' },
      limits: { memory: String(Math.ceil(4 * 2 ** 30 * 1.1)) },
    });
  });

  test('has a name that is a label, whatever the name of its item’s pod', () => {
    const { name } = debugJob(given({ name: `${'a'.repeat(50)}-${'b'.repeat(40)}` }), wishes).metadata;
    expect(name).toMatch(/^[a-z0-9-]{1,57}$/);
    expect(name).toMatch(/[a-z]-debug$/);
  });
});

test('texts that kubelet reads - mean themselves once they are escaped', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      expect(expanded(literal(text), { env: [] })).toBe(text);
    }),
  );
  expect(['', 'a-b', "'", '-x', 'a=b'].map(posixWord)).toEqual(["''", 'a-b', "''\\'''", '-x', 'a=b']);
});
