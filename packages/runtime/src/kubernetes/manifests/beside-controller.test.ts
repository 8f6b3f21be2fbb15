import { mustParsePipeline, type KTJobInput } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { frameOf } from '../../../../../test/kit/kube-bench.js';
import { besideMemory, isBeside } from './beside-controller.js';
import { clusterSettings, type ClusterSettings } from './cluster-settings.js';
import { controllerJob } from './run-jobs.js';

const settingsOf = (more: Partial<ClusterSettings> = {}): ClusterSettings =>
  clusterSettings({
    namespace: 'ns',
    store: 'file:/data',
    volume: { claim: 'c', mountPath: '/data' },
    ...more,
  });
const jobsOf = (...jobs: Partial<KTJobInput>[]) =>
  mustParsePipeline({
    name: 'p',
    jobs: jobs.map((job, n) => ({ type: 'static', name: `j${n}`, tasks: [{ function: 'f.f' }], ...job })),
  }).jobs;

interface Container {
  name: string;
  command: string[];
  restartPolicy?: string;
  env: { name: string; value?: string }[];
  resources: { limits: { memory: string } };
  volumeMounts: { name: string; mountPath: string }[];
}
/** The pod of a controller. */
function podOf(settings: ClusterSettings, memory?: string) {
  const frame = frameOf(settings);
  const start = { id: '1', documents: [], ...(memory === undefined ? {} : { besideMemory: memory }) };
  return controllerJob(frame, start).spec?.template.spec as unknown as {
    automountServiceAccountToken: boolean;
    containers: Container[];
    initContainers?: Container[];
  };
}

test('the container beside a controller - is there only where steps need it', () => {
  expect(besideMemory(jobsOf({}, {}), settingsOf())).toBeUndefined();
  expect(podOf(settingsOf())).toMatchObject({ automountServiceAccountToken: true });
  expect(podOf(settingsOf()).initContainers).toBeUndefined();
});

test('the container beside a controller - has room for the largest of them, and for none that is larger', () => {
  const jobs = jobsOf(
    { placement: 'controller', memory: '256Mi' },
    { placement: 'controller', memory: '1Gi' },
    { memory: '8Gi' },
  );
  expect(besideMemory(jobs, settingsOf())).toBe('1Gi');
  expect(jobs.map(job => isBeside(job, '1Gi'))).toEqual([true, true, false]);
  expect(jobs.map(job => isBeside(job, '512Mi'))).toEqual([true, false, false]);
  expect(jobs.map(job => isBeside(job, undefined))).toEqual([false, false, false]);
});

test.each([
  { queue: 'q' },
  { serviceAccountName: 's' },
  { podPatch: {} },
  { containerPatch: {} },
  { jobPatch: {} },
])(
  'the container beside a controller - is not there where the context asks for what only pods have: %j',
  defaults => {
    expect(besideMemory(jobsOf({ placement: 'controller' }), settingsOf({ defaults }))).toBeUndefined();
  },
);

test('the container beside a controller - has the store and the code, and not the token', () => {
  const pod = podOf(settingsOf({ env: { A: 'b' }, defaults: { image: 'own' } }), '128Mi');
  const [steps] = pod.initContainers ?? [];
  const paths = (container?: Container): string[] =>
    (container?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  const token = '/var/run/secrets/kubernetes.io/serviceaccount';
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(paths(pod.containers[0])).toContain(token);
  expect(paths(steps).sort()).toEqual(['/data', '/kt/bundle', '/tmp']);
  const scratch = [pod.containers[0], steps].map(
    container => container?.volumeMounts.find(({ mountPath }) => mountPath === '/tmp')?.name,
  );
  expect(new Set(scratch).size).toBe(2);
  expect(steps).toMatchObject({ image: 'own', restartPolicy: 'Always' });
  expect(steps?.env).toContainEqual({ name: 'A', value: 'b' });
  expect(steps?.env.map(({ name }) => name)).not.toContain('KT_RUN_CONFIG');
});

test('a controller and what is beside it - are begun without flags with which Node compiles its own code anew', () => {
  const commandsOf = (store: string): unknown[] => {
    const { containers, initContainers = [] } = podOf({ ...settingsOf(), store }, '128Mi');
    return [...containers, ...initContainers].map(({ command }) => command);
  };
  const plain = ['node', '/kt/bundle/controller.mjs'];
  expect(commandsOf('s3://bucket')).toEqual([plain, plain]);
  // Only Kubernetes is spoken to, whose authority is told.
  expect(commandsOf('file:/data')).toEqual([['node', '--use-openssl-ca', plain[1]], plain]);
});
