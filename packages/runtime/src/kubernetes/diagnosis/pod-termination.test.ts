/** What Kubernetes tells of a pod that failed, and who is to blame. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContainerState, Pod } from '../api/objects.js';
import { blamedItems, judgeAttempt } from '../../worker/retry-policy.js';
import { DID_NOTHING, terminationOf } from './pod-termination.js';

type Terminated = Partial<NonNullable<ContainerState['terminated']>>;
interface Parts {
  status?: Partial<NonNullable<Pod['status']>>;
  isDeleted?: boolean;
}
const given = { memory: '1Gi', timeoutMs: 5000 };
const note = (value: object): string => JSON.stringify({ begun: [3, 4], ...value });
const podOf = (terminated: Terminated | null, { status = {}, isDeleted = false }: Parts = {}): Pod => ({
  metadata: { name: 'p', uid: 'u', ...(isDeleted ? { deletionTimestamp: '2030-01-01T00:00:00Z' } : {}) },
  status: {
    phase: 'Failed',
    ...(terminated === null
      ? {}
      : {
          containerStatuses: [
            { name: 'main', state: { terminated: { exitCode: 1, message: note({}), ...terminated } } },
          ],
        }),
    ...status,
  },
});
const disrupted = {
  conditions: [
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    },
  ],
};

test.each<[string, Terminated | null, Parts, object, RegExp]>([
  [
    'exit code 3',
    { exitCode: 3 },
    {},
    { kind: 'crashed', cause: { kind: 'Exited', exitCode: 3, signal: null } },
    /exit code 3/,
  ],
  [
    'a signal',
    { exitCode: 139 },
    {},
    { kind: 'crashed', cause: { kind: 'Exited', exitCode: 139, signal: 'SIGSEGV' } },
    /SIGSEGV \(exit code 139\)/,
  ],
  [
    'a signal nobody knows',
    { exitCode: 159 },
    {},
    { kind: 'crashed', cause: { kind: 'Exited', signal: null } },
    /exit code 159/,
  ],
  [
    'killed, with memory to spare',
    { exitCode: 137, reason: 'Error' },
    {},
    { kind: 'crashed', cause: { kind: 'Exited', signal: 'SIGKILL' } },
    /SIGKILL/,
  ],
  [
    'out of memory',
    { exitCode: 137, reason: 'OOMKilled' },
    {},
    { kind: 'memory', cause: { kind: 'OutOfMemory', memory: '1Gi' } },
    /memory of 1Gi\. Give/,
  ],
  [
    'out of memory while evicted',
    { exitCode: 137, reason: 'OOMKilled' },
    { status: disrupted },
    { kind: 'memory' },
    /memory/,
  ],
  [
    'too late',
    { exitCode: 137, message: note({ deadline: 4 }) },
    {},
    { kind: 'deadline', late: 4, cause: { kind: 'DeadlineExceeded', timeoutMs: 5000 } },
    /longer than 5000 ms/,
  ],
  [
    'too late for Kubernetes',
    { exitCode: 143 },
    { status: { reason: 'DeadlineExceeded' } },
    { kind: 'deadline', late: null },
    /activeDeadlineSeconds/,
  ],
  [
    'evicted',
    { exitCode: 137 },
    { status: disrupted },
    { kind: 'disrupted', cause: { kind: 'Evicted' } },
    /EvictionByEvictionAPI.*evicting/,
  ],
  [
    'evicted before it ran',
    null,
    { status: disrupted },
    { kind: 'disrupted', begun: [] },
    /taken from its node/,
  ],
  [
    'deleted',
    { exitCode: 137 },
    { isDeleted: true },
    { kind: 'disrupted', cause: { kind: 'Evicted' } },
    /deleted while it ran/,
  ],
  ['told to stop', { exitCode: 143 }, {}, { kind: 'disrupted' }, /deleted/],
  [
    'refused by its node',
    null,
    { status: { reason: 'OutOfcpu', message: 'Pod was rejected: Node has not enough cpu' } },
    { kind: 'disrupted', begun: [] },
    /Node has not enough cpu/,
  ],
  [
    'the store failed',
    { exitCode: 74, message: note({ message: 'no space left' }) },
    {},
    { kind: 'unstored' },
    /It said: no space left/,
  ],
  [
    'something else failed',
    { exitCode: 75, message: note({ message: 'a part is missing' }) },
    {},
    { kind: 'broken' },
    /It said: a part is missing/,
  ],
  [
    'other code',
    { exitCode: 77, message: note({ message: 'somebody changed it' }) },
    {},
    { kind: 'unfit' },
    /It said: somebody changed it/,
  ],
  ['done', { exitCode: 78 }, {}, { kind: 'done' }, /./],
  ['done, and all are to stop', { exitCode: 79 }, {}, { kind: 'done' }, /./],
  [
    'left early',
    { exitCode: 76, message: note({ message: 'The function called process.exit(0).' }) },
    {},
    { kind: 'crashed', cause: { kind: 'Exited', exitCode: 76 } },
    /process\.exit\(0\)\. Functions must return or throw/,
  ],
  [
    'no Node in the image',
    {
      exitCode: 128,
      reason: 'StartError',
      message:
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: executable file `node` not found in $PATH: unknown',
    },
    {},
    { kind: 'broken', begun: [], cause: { kind: 'NotStarted', reason: 'StartError' } },
    /^OCI runtime.*The image needs Node ≥ 20\.19/,
  ],
])('a pod that ended - %s', (_name, terminated, parts, expected, says) => {
  const end = terminationOf(podOf(terminated, parts), given);
  expect(end).toMatchObject({ uid: 'u', ...expected });
  expect(end.cause.message).toMatch(says);
});

// A container's own words, or the pod's; kubelet may have kept what the pod was at, or not.
test.each<[string, Terminated | null, Parts]>([
  ['its node was rebooted', { exitCode: 255, reason: 'Unknown' }, {}],
  ['its container was lost', { exitCode: 137, reason: 'ContainerStatusUnknown' }, {}],
  ['its node was lost', { exitCode: 137, reason: 'Error' }, { status: { reason: 'NodeLost' } }],
  ['its node was shut down', { exitCode: 1, reason: 'Error' }, { status: { reason: 'Terminated' } }],
  [
    'its node was shut down, as older kubelets say',
    { exitCode: 137 },
    { status: { reason: 'NodeShutdown' } },
  ],
  ['it made room for a critical pod', { exitCode: 137 }, { status: { reason: 'Preempting' } }],
  ['its node ran out of disk', { exitCode: 137 }, { status: { reason: 'Evicted' } }],
  ['a device was gone', null, { status: { reason: 'UnexpectedAdmissionError', phase: 'Failed' } }],
  ['its node had no more room', null, { status: { reason: 'OutOfmemory' } }],
  ['its node no longer had the label', null, { status: { reason: 'NodeAffinity' } }],
])('an end that is the platform’s costs no attempt - %s', (_name, terminated, parts) => {
  const end = terminationOf(podOf(terminated, parts), given);
  expect(end).toMatchObject({ uid: 'u', kind: 'disrupted', cause: { kind: 'Evicted' } });
  const [charged] = blamedItems(end, [3], { asked: '1Gi', had: '1Gi' });
  expect(judgeAttempt(undefined, charged?.cause ?? end.cause, { retries: 0 })).toEqual({
    attempts: 0,
    isFree: true,
    isFinal: false,
  });
});

test.each([1, 2, 126, 127, 134, 137, 139, 255])(
  'exit code %d with no word of the platform is the code’s',
  code => {
    expect(terminationOf(podOf({ exitCode: code, reason: 'Error' }), given)).toMatchObject({
      kind: 'crashed',
    });
  },
);

describe('what a pod was at', () => {
  test('comes from the note that it left', () => {
    expect(terminationOf(podOf({}), given).begun).toEqual([3, 4]);
  });

  test.each(['', '  ', 'Segmentation fault', '{"begun":', '{"begun":"x"}', 'null', '[]', '7'])(
    'is nothing where the note is %j',
    message => {
      expect(terminationOf(podOf({ message }), given)).toMatchObject({ kind: 'crashed', begun: [] });
    },
  );

  test('is read from the container that runs functions, whichever stands beside it', () => {
    const pod = podOf({ exitCode: 3 });
    pod.status?.containerStatuses?.unshift({ name: 'istio-proxy', state: { terminated: { exitCode: 0 } } });
    expect(terminationOf(pod, given)).toMatchObject({ kind: 'crashed', begun: [3, 4] });
  });
});

test('a pod that nobody saw end is nobody’s fault', () => {
  expect(terminationOf(undefined, given)).toMatchObject({ uid: null, kind: 'disrupted', begun: [] });
});

test('a pod that succeeded without doing anything is at fault', () => {
  expect(DID_NOTHING).toMatchObject({ kind: 'crashed', begun: [], cause: { kind: 'Exited' } });
});

test.each([
  ['a note of a newer kt', '{"format":2,"begun":[3]}'],
  ['JSON that is no note', '{"begun":"all"}'],
  ['a list', '[1]'],
])('what is no note of this format is told as words - %s', (_, message) => {
  const { begun, cause } = terminationOf(podOf({ exitCode: 3, message }), given);
  expect(begun).toEqual([]);
  expect(cause.message).toContain(`It said: ${message}`);
});

test('whatever a process leaves behind, its end is told', () => {
  const texts = fc.oneof(fc.string(), fc.json());
  fc.assert(fc.property(texts, message => void terminationOf(podOf({ exitCode: 3, message }), given)));
});
