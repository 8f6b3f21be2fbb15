/** What a real cluster (1.34) said of a pod that waits, and what is made of it. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../api/objects.js';
import { ask, eventOf, podOf } from '../../../../../test/kit/waiting-pods.js';

const creating = { reason: 'ContainerCreating' };

describe('a container that waits', () => {
  test.each([
    ['ErrImagePull', 'docker.io/library/nope:1: not found', 'grace', /Correct the name or tag/],
    ['ErrImagePull', 'unexpected status from HEAD request: 401 Unauthorized', 'grace', /imagePullSecrets/],
    [
      'ErrImagePull',
      'dial tcp: lookup registry.invalid: no such host',
      'grace',
      /Can the nodes reach the registry/,
    ],
    [
      'ErrImageNeverPull',
      'Container image "x" is not present with pull policy of Never',
      'fatal',
      /imagePullPolicy "IfNotPresent"/,
    ],
    ['InvalidImageName', "couldn't parse image name", 'none', /Correct the name of the image/],
    ['CreateContainerConfigError', 'configmap "flags" not found', 'grace', /Make the ConfigMap "flags"/],
    ['CreateContainerConfigError', 'secret "token" not found', 'grace', /Make the Secret "token"/],
    [
      'CreateContainerConfigError',
      "couldn't find key a in ConfigMap ns/flags",
      'grace',
      /Add the key a to the ConfigMap "flags"/,
    ],
    [
      'CreateContainerConfigError',
      "couldn't find key a in Secret ns/token",
      'grace',
      /Add the key a to the Secret "token"/,
    ],
    [
      'CreateContainerConfigError',
      'failed to sync secret cache: timed out waiting for the condition',
      'grace',
      /tries again by itself/,
    ],
    ['CreateContainerError', 'context deadline exceeded', 'grace', /kubectl describe pod/],
    ['SomethingNew', 'nobody knows', 'grace', /kubectl describe pod/],
  ])('%s: %s', (reason, message, waitLimit, remedy) => {
    const waiting = ask([podOf({ waiting: { reason, message } })]);
    expect(waiting).toMatchObject({ reason, message, waitLimit });
    expect(waiting?.remedy).toMatch(remedy);
    expect(ask([podOf({ waiting: { reason, message }, init: true })])).toEqual(waiting);
  });

  test.each([
    'container has runAsNonRoot and image will run as root',
    "container's runAsUser breaks non-root policy",
  ])('%s', words => {
    const said = `${words} (pod: "x-ttnlq_ns(dde41250)", container: main)`;
    const waiting = ask([podOf({ waiting: { reason: 'CreateContainerConfigError', message: said } })]);
    // Pods have names of their own: the same is to be said of each.
    expect(waiting).toMatchObject({ message: words, waitLimit: 'fatal' });
    expect(waiting?.remedy).toMatch(/runAsUser/);
  });

  test('for an image that is pulled again and again - has one reason, though it comes and goes', () => {
    const pulling = podOf({
      waiting: {
        reason: 'ErrImagePull',
        message: 'rpc error: code = NotFound desc = failed to pull and unpack image "n:1": n:1: not found',
      },
    });
    const resting = podOf({
      waiting: {
        reason: 'ImagePullBackOff',
        message:
          'Back-off pulling image "n:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "n:1": n:1: not found',
      },
    });
    expect(ask([pulling])).toEqual(ask([resting]));
    const older = podOf({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "n:1"' } });
    const said = [
      eventOf('pod-1', 'Failed', 'Failed to pull image "n:1": n:1: not found'),
      eventOf('pod-1', 'Failed', 'Error: ImagePullBackOff'),
    ];
    expect(ask([older], said)).toMatchObject({
      reason: 'ErrImagePull',
      message: 'Failed to pull image "n:1": n:1: not found',
    });
  });
});

describe('a pod that no node takes', () => {
  const refuse = (message: string, spec: Pod['spec'] = {}) =>
    ask([podOf({ scheduled: { status: 'False', reason: 'Unschedulable', message }, spec })]);

  test.each([
    [
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
      /^Ask for less cpu \(now 1k a pod\) in the step/,
    ],
    [
      '0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu.',
      /Ask for less cpu \(now 1k a pod\) and nvidia\.com\/gpu in the step/,
    ],
    [
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes",
      /kubernetes\.nodeSelector or affinity \{"disk":"ssd"\}/,
    ],
    ['0/2 nodes are available: 2 node(s) had untolerated taint {gpu: yes}.', /kubernetes\.tolerations/],
    [
      '0/1 nodes are available: persistentvolumeclaim "archive" not found. not found',
      /Make the PersistentVolumeClaim "archive"/,
    ],
    ['0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.', /storage class/],
    ['0/1 nodes are available: 1 Too many pods.', /itemsPerPod/],
    ['0/1 nodes are available: 1 node(s) were unschedulable.', /cordoned/],
    ['no nodes available to schedule pods', /no node that is ready/],
    ['0/1 nodes are available: 1 something new.', /kubectl describe nodes/],
  ])('%s', (message, remedy) => {
    const spec = {
      nodeSelector: { disk: 'ssd' },
      containers: [{ name: 'main', resources: { requests: { cpu: '1k' } } }],
    };
    const waiting = refuse(message, spec);
    expect(waiting).toMatchObject({ reason: 'Unschedulable', waitLimit: 'long' });
    expect(waiting?.remedy).toMatch(remedy);
    expect(waiting?.message).not.toMatch(/preemption|\.$|not found\. not found/);
  });

  test('because of gates - waits long', () => {
    const scheduled = {
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    };
    expect(ask([podOf({ scheduled })])).toMatchObject({ reason: 'SchedulingGated', waitLimit: 'long' });
  });
});

describe('a pod on its node', () => {
  test.each([
    [
      'FailedMount',
      'MountVolume.SetUp failed for volume "v" : configmap "nope" not found',
      /Make the ConfigMap "nope"/,
    ],
    [
      'FailedMount',
      'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /nope is not a directory',
      /must exist on every node/,
    ],
    ['FailedAttachVolume', 'Multi-Attach error for volume "pvc-1"', /may this node mount it/],
    [
      'FailedCreatePodSandBox',
      'Failed to create pod sandbox: plugin type="bridge" failed',
      /kubectl describe node/,
    ],
  ])('%s: %s', (reason, message, remedy) => {
    const waiting = ask(
      [podOf({ waiting: creating })],
      [eventOf('pod-1', 'Scheduled', 'assigned'), eventOf('pod-1', reason, message)],
    );
    expect(waiting).toMatchObject({ reason, message, waitLimit: 'grace' });
    expect(waiting?.remedy).toMatch(remedy);
  });

  test('of which several things were said - waits for the last of them', () => {
    const failed = eventOf('pod-1', 'FailedMount', 'configmap "nope" not found');
    expect(
      ask([podOf({ waiting: creating })], [failed, eventOf('pod-1', 'Pulling', 'Pulling image "x"')]),
    ).toMatchObject({
      reason: 'Pulling',
      waitLimit: 'long',
    });
    const again = { ...failed, series: { lastObservedTime: '2030-01-01T00:00:00Z' } };
    expect(
      ask([podOf({ waiting: creating })], [again, eventOf('pod-1', 'Pulling', 'Pulling image "x"')]),
    ).toMatchObject({ reason: 'FailedMount' });
    expect(ask([podOf({ waiting: creating })], [failed, eventOf('pod-1', 'Pulled', 'there')])).toBeNull();
    expect(ask([podOf({ waiting: creating })], [eventOf('another pod', 'FailedMount', 'x')])).toBeNull();
  });
});
