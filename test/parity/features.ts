/**
 * Each feature of the projects that this one replaces, by its id, and the test that shows it; or what it
 * still waits for.
 */
export type Evidence = { file: string; test: string } | { waitsFor: string };

const CLOUD = 'Terraform for EKS';
const SERVER = 'kt serve and container steps';
const MELTANO = 'schedules of Meltano';

export const FEATURES: Record<string, Evidence> = {
  A1: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A2: { file: 'test/e2e/runs/handle.test.ts', test: 'events, logs and the end of its run' },
  A3: { file: 'test/e2e/runs/examples.test.ts', test: 'gives the same bytes everywhere' },
  A4: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A5: { file: 'test/property/core.test.ts', test: 'oracle' },
  A6: {
    file: 'packages/runtime/src/engine/drive.test.ts',
    test: 'killed after any number of facts and driven again',
  },
  A7: { file: 'test/contracts/store/files.ts', test: 'listdir' },
  A8: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'ask for what the job asks, with a memory limit of the request × 1.1',
  },
  A9: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'images of a registry are always fetched, local ones never',
  },
  A10: { file: 'test/contracts/executor-contract.ts', test: 'counts attempts per item' },
  A11: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'have names that leave room for the index',
  },
  A12: {
    file: 'test/e2e/runs/namespace-rules.test.ts',
    test: 'a quota on pods that is raised: the run goes on',
  },
  A13: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  B1: { file: 'test/e2e/deploy/deliveries.test.ts', test: 'by docker, from an image that is built once' },
  B2: { file: 'test/cli/config.test.ts', test: 'a kt-contexts.json of the starter kit is read as it is' },
  B3: {
    file: 'test/e2e/rights/restricted-namespace.test.ts',
    test: 'runs a pipeline on a claim, with what kt rbac prints',
  },
  B4: { waitsFor: CLOUD },
  B5: { file: 'test/documents/documents.test.ts', test: 'hello world' },
  B6: { file: 'test/e2e/runs/cli.test.ts', test: 'is listed and shown, from the place that was used last' },
  C1: { waitsFor: SERVER },
  C2: { file: 'examples/pipelines/weather.test.ts', test: 'not summed up again where its file exists' },
  C3: { file: 'test/e2e/runs/cli.test.ts', test: 'is read while its pods are there and when they are gone' },
  C4: { file: 'test/contracts/kube-recovery.test.ts', test: 'adopts the Jobs that there are' },
  C5: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'have a hash that changes with the step',
  },
  C6: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'carry every pod option of a job',
  },
  C7: { file: 'test/contracts/kube-recovery.test.ts', test: 'with keepFinished' },
  C8: {
    file: 'test/e2e/rights/restricted-namespace.test.ts',
    test: 'runs a pipeline on a claim, with what kt rbac prints',
  },
  C9: { waitsFor: SERVER },
  C10: { file: 'test/cli/config.test.ts', test: 'kt config shows what holds and where it comes from' },
  D1: { file: 'packages/server/src/rendering/read-manifest.test.ts', test: 'arrives as it is' },
  D2: { file: 'test/server/golden.test.ts', test: '%s of k8s-jobs' },
  D3: { file: 'test/server/golden.test.ts', test: 'the manager of k8s-jobs' },
  D4: { file: 'test/server/jobs.test.ts', test: 'MJ1: a Job of somebody else' },
  D5: { file: 'test/server/jobs.test.ts', test: 'a hook that throws' },
  D6: { file: 'test/server/golden.test.ts', test: 'retention of k8s-jobs' },
  D7: { file: 'test/server/http.test.ts', test: 'all that is missing or wrong' },
  D8: { file: 'test/server/hostile.test.ts', test: 'reaches nothing' },
  D9: { file: 'test/e2e/server/examples.test.ts', test: 'the four examples' },
  E1: { waitsFor: MELTANO },
  E2: {
    file: 'test/e2e/deploy/render.test.ts',
    test: 'Kustomize builds each overlay, with what people have put there',
  },
  E3: { waitsFor: MELTANO },
  E4: { waitsFor: MELTANO },
  E5: { waitsFor: MELTANO },
  E6: { waitsFor: MELTANO },
  E7: { file: 'test/e2e/deploy/render.test.ts', test: '--check finds every drift' },
};
