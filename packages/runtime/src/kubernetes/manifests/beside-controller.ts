/** The container beside a run's controller, in which steps with `placement: 'controller'` run. Pure. */
import { type KTJob, parseQuantity } from '@kube-transform/sdk';
import type { ClusterSettings } from './cluster-settings.js';
import { CONTAINER, envFromOf, type EnvVar, MOUNT, SCRATCH_ENV, workerEnv } from './pod-spec.js';

/** Its name. */
export const BESIDE = 'steps';
/** Where it listens; nothing else of the pod does. */
export const BESIDE_PORT = 4195;
/** Worker processes in it. */
export const BESIDE_WORKERS = 2;
/** What it asks for: like the controller, it is at work for moments. */
const REQUESTS = { cpu: '10m', memory: '64Mi' };
/** For what runs them, and for what a step takes until it is ended for taking too much. */
const SPARE_BYTES = 2 ** 30;
const TOKEN = 'api-token';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;
const SCRATCH = 'steps-scratch';

/**
 * The most memory that a step beside the controller has; undefined where there is none, or where the context
 * asks for what only pods have: a queue, another service account, a patch.
 */
export function besideMemory(jobs: readonly KTJob[], { defaults }: ClusterSettings): string | undefined {
  const { queue, serviceAccountName, podPatch, containerPatch, jobPatch } = defaults;
  if ([queue, serviceAccountName, podPatch, containerPatch, jobPatch].some(asked => asked !== undefined))
    return undefined;
  const asked = jobs.filter(({ placement }) => placement === 'controller').map(({ memory }) => memory);
  return asked.sort((a, b) => bytesOf(b) - bytesOf(a))[0];
}

/** Whether a job runs there, in a run whose container has room for so much. */
export const isBeside = ({ placement, memory }: KTJob, most: string | undefined): boolean =>
  placement === 'controller' && most !== undefined && bytesOf(memory) <= bytesOf(most);

/** Adds the container to a controller's pod, which has the token of the API for itself. */
export function withBeside(
  pod: Record<string, unknown>,
  { settings, digest, memory }: { settings: ClusterSettings; digest: string; memory: string },
): Record<string, unknown> {
  const { defaults } = settings;
  const [main] = pod['containers'] as Record<string, unknown>[];
  const mounts = main?.['volumeMounts'] as { name: string; mountPath: string }[];
  const token = { name: TOKEN, mountPath: TOKEN_PATH, readOnly: true };
  const env: EnvVar[] = [
    ...SCRATCH_ENV,
    ...workerEnv(settings, {}),
    { name: 'KT_DIGEST', value: digest },
    { name: 'KT_BESIDE', value: String(BESIDE_PORT) },
  ];
  const steps = {
    ...main,
    name: BESIDE,
    image: defaults.image ?? settings.image,
    restartPolicy: 'Always',
    command: ['node', `${MOUNT.bundle}/controller.mjs`],
    env,
    ...envFromOf(settings, defaults.envFrom),
    resources: {
      requests: REQUESTS,
      limits: { memory: String(Math.ceil(BESIDE_WORKERS * bytesOf(memory) * 1.1) + SPARE_BYTES) },
    },
    volumeMounts: [
      ...mounts
        .filter(({ mountPath }) => mountPath !== MOUNT.run)
        .map(mount => (mount.mountPath === MOUNT.scratch ? { ...mount, name: SCRATCH } : mount)),
      ...(defaults.volumeMounts ?? []),
    ],
  };
  return {
    ...pod,
    automountServiceAccountToken: false,
    initContainers: [steps],
    containers: [{ ...main, name: CONTAINER, volumeMounts: [...mounts, token] }],
    volumes: [
      ...(pod['volumes'] as object[]),
      { name: SCRATCH, emptyDir: {} },
      { name: TOKEN, projected: { sources: TOKEN_SOURCES } },
      ...(defaults.volumes ?? []),
    ],
  };
}

/** What Kubernetes mounts where it mounts the token itself. */
const TOKEN_SOURCES = [
  { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  {
    downwardAPI: {
      items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
    },
  },
];

const bytesOf = (memory: string): number => parseQuantity(memory) ?? 2 ** 30;
