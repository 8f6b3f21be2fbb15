/**
 * Each feature of the projects that this one replaces, by its id, and the test that shows it; or what it
 * still waits for.
 */
export type Evidence = { file: string; test: string } | { waitsFor: string };

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
  B4: { file: 'test/cli/starter/terraform.test.ts', test: 'makes what it says when a provider pretends to' },
  B5: { file: 'test/cli/starter/starter.test.ts', test: 'gives the output of the starter kit' },
  B6: { file: 'test/e2e/deploy/starter.test.ts', test: 'runs in another context by one word' },
  B7: { file: 'test/cli/starter/pages.test.ts', test: 'every command of kt is one' },
  B8: { file: 'test/cli/starter/starter.test.ts', test: 'git keeps the data of the example' },
  C1: {
    file: 'test/containers/default-image.test.ts',
    test: 'takes it from where it is said, says which holds',
  },
  C2: {
    file: 'test/containers/test-run.test.ts',
    test: 'a step is left out where all that waits for it is made',
  },
  C3: { file: 'test/e2e/containers/ends.test.ts', test: 'give results, files and logs' },
  C4: { file: 'test/containers/taclib.test.ts', test: 'taclib $id: $about' },
  C5: {
    file: 'packages/runtime/src/kubernetes/manifests/run-jobs.test.ts',
    test: 'have a hash that changes with the step',
  },
  C6: { file: 'test/containers/taclib.test.ts', test: 'is the same Job' },
  C7: { file: 'test/contracts/kube-recovery.test.ts', test: 'with keepFinished' },
  C8: {
    file: 'test/e2e/rights/restricted-namespace.test.ts',
    test: 'runs a pipeline on a claim, with what kt rbac prints',
  },
  C9: {
    file: 'packages/runtime/src/kubernetes/diagnosis/debug-job.test.ts',
    test: '$id: $about',
  },
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
  E1: { file: 'test/cli/meltano/render-meltano.test.ts', test: 'asks Meltano in its project' },
  E2: { file: 'test/cli/meltano/rendered-tree.test.ts', test: 'MT2: kt render meltano' },
  E3: { file: 'test/e2e/deploy/meltano.test.ts', test: '$id is built by Kustomize' },
  E4: { file: 'test/cli/meltano/golden.test.ts', test: '$id: $about' },
  E5: { file: 'test/cli/meltano/render-meltano.test.ts', test: 'what Kubernetes would refuse is refused' },
  E6: { file: 'test/e2e/deploy/meltano.test.ts', test: 'the recipe "$title" is built by Kustomize' },
  E7: { file: 'test/e2e/deploy/render.test.ts', test: '--check finds every drift' },
};
