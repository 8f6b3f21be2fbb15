/** What a real cluster (1.34) says where it does not let something be made, and what is made of it. */
import { describe, expect, test } from 'vitest';
import { refused } from '../api/kube-error.js';
import { rejectionOf, rejectedJob } from './rejections.js';

describe('a pod that is not made', () => {
  test.each([
    [
      'exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4',
      'QuotaExceeded',
      'long',
      /other pods of the namespace end.*parallelism/,
    ],
    [
      'exceeded quota: q, requested: requests.memory=2Gi, used: requests.memory=7Gi, limited: requests.memory=8Gi',
      'QuotaExceeded',
      'long',
      /Ask for less "memory"/,
    ],
    [
      'exceeded quota: q, requested: pods=1,requests.memory=2Gi, used: pods=0,requests.memory=0, limited: pods=9,requests.memory=1Gi',
      'QuotaExceeded',
      'fatal',
      /One pod alone asks for more requests\.memory than the whole quota has \(2Gi of 1Gi\)/,
    ],
    [
      'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
      'QuotaExceeded',
      'fatal',
      /Have the quota raised/,
    ],
    ['status unknown for quota: q, resources: pods', 'QuotaExceeded', 'long', /kubectl describe quota/],
    [
      'failed quota: q: must specify limits.cpu for: main',
      'QuotaWantsLimits',
      'fatal',
      /Set limits\.cpu with the step's kubernetes\.podPatch/,
    ],
    [
      'violates PodSecurity "restricted:latest": privileged (container "main" must not set …)',
      'PodSecurity',
      'fatal',
      /pod-security\.kubernetes\.io\/enforce/,
    ],
    [
      'maximum memory usage per Container is 512Mi, but limit is 2Gi',
      'LimitRange',
      'fatal',
      /Ask for less "memory"/,
    ],
    [
      'minimum cpu usage per Container is 1, but request is 500m',
      'LimitRange',
      'fatal',
      /Ask for more "cpu"/,
    ],
    [
      'error looking up service account ns/nobody: serviceaccount "nobody" not found',
      'ServiceAccountMissing',
      'fatal',
      /kubectl create serviceaccount nobody/,
    ],
    ['no PriorityClass with name nope was found', 'PriorityClassMissing', 'fatal', /priorityClassName/],
    ['pod rejected: RuntimeClass "nope" not found', 'RuntimeClassMissing', 'fatal', /runtimeClassName/],
    [
      'unable to create new content in namespace ns because it is being terminated',
      'NamespaceEnds',
      'fatal',
      /another one/,
    ],
    ['something of another policy', 'Forbidden', 'fatal', /kubernetes options/],
  ])('has a reason and a remedy - %s', (words, reason, waitLimit, remedy) => {
    const waiting = rejectionOf(`Error creating: pods "kt-x-1-0-hb4s9" is forbidden: ${words}`);
    expect(waiting).toMatchObject({ reason, waitLimit, message: words });
    expect(waiting.remedy).toMatch(remedy);
  });

  test.each([
    ['Error creating: admission webhook "policy.example" denied the request: no', 'PolicyDenied', 'fatal'],
    [
      "Error creating: pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
      'PolicyDenied',
      'fatal',
    ],
    [
      'Error creating: Internal error occurred: failed calling webhook "x": connection refused',
      'WebhookUnreachable',
      'grace',
    ],
    ['Error creating: etcdserver: leader changed', 'FailedCreate', 'grace'],
  ])('has a reason - %s', (words, reason, waitLimit) => {
    expect(rejectionOf(words)).toMatchObject({ reason, waitLimit });
  });

  test('a quota on Jobs is met before there is a Job', () => {
    const words =
      'exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=2, limited: count/jobs.batch=2';
    expect(rejectionOf(words)).toMatchObject({
      reason: 'QuotaExceeded',
      waitLimit: 'long',
      remedy: expect.stringContaining('kt gc'),
    });
  });
});

describe('a Job that is not made', () => {
  const call = {
    method: 'POST',
    path: '/apis/batch/v1/namespaces/ns/jobs',
    objectName: 'kt-x-1',
    to: { name: 'c', server: 's' },
  };
  const answer = (status: number, body: object) =>
    rejectedJob('m', refused(call, { status, text: JSON.stringify(body) }));

  test('because it is invalid - has a cause that names each thing', () => {
    const causes = ['spec.a', 'spec.b'].map(field => ({ field, message: 'Invalid value' }));
    const cause = answer(422, {
      kind: 'Status',
      code: 422,
      reason: 'Invalid',
      message: 'x',
      details: { causes },
    });
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'Invalid' });
    expect(cause.message).toMatch(
      /^The Job of step "m" was refused\. .*spec\.a: Invalid value; .*spec\.b: Invalid value\. Change what is named/,
    );
  });

  test('because a policy denies it - has the words of the policy as cause', () => {
    const cause = answer(403, {
      kind: 'Status',
      code: 403,
      reason: 'Forbidden',
      message: 'admission webhook "p" denied the request: no queue',
    });
    expect(cause).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringMatching(/no queue\. A policy of the cluster refuses/),
    });
  });

  test('because a right is missing - has a cause that names the right', () => {
    const cause = answer(403, {
      kind: 'Status',
      code: 403,
      message: 'User "u" cannot create resource "jobs" in API group "batch" in the namespace "ns"',
    });
    expect(cause).toMatchObject({
      reason: 'CLUSTER_FORBIDDEN',
      message: expect.stringContaining('A Role with the rule'),
    });
  });
});
