/** Each feature of the projects that this one replaces, by its id, and the test that shows it; or what it still waits for. */
export type Evidence = { file: string; test: string } | { waitsFor: string };

const DEPLOY = 'kt deploy';
const SERVER = 'kt serve and container steps';
const RENDER = 'kt render';

export const FEATURES: Record<string, Evidence> = {
  A1: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A2: { file: 'test/e2e/handle.test.ts', test: 'events, logs and the end of its run' },
  A3: { file: 'test/e2e/examples.test.ts', test: 'gives the same bytes everywhere' },
  A4: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A5: { file: 'test/property/core.test.ts', test: 'oracle' },
  A6: { file: 'packages/runtime/src/drive.test.ts', test: 'killed after any number of facts and driven again' },
  A7: { file: 'test/contracts/files.test.ts', test: 'listdir' },
  A8: { file: 'packages/runtime/src/kubernetes/manifests.test.ts', test: 'ask for what the job asks, with a memory limit of the request × 1.1' },
  A9: { file: 'packages/runtime/src/kubernetes/manifests.test.ts', test: 'images of a registry are always fetched, local ones never' },
  A10: { file: 'test/contracts/executor-contract.ts', test: 'counts attempts per item' },
  A11: { file: 'packages/runtime/src/kubernetes/manifests.test.ts', test: 'have names that leave room for the index' },
  A12: { file: 'test/e2e/hang.test.ts', test: 'a quota on pods that is raised: the run goes on' },
  A13: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  B1: { waitsFor: DEPLOY },
  B2: { waitsFor: DEPLOY },
  B3: { waitsFor: DEPLOY },
  B4: { waitsFor: DEPLOY },
  B5: { file: 'test/documents/documents.test.ts', test: 'hello world' },
  B6: { file: 'test/e2e/cli.test.ts', test: 'is listed and shown, from the place that was used last' },
  C1: { waitsFor: SERVER },
  C2: { file: 'examples/pipelines/weather.test.ts', test: 'not summed up again where its file exists' },
  C3: { file: 'test/e2e/cli.test.ts', test: 'is read while its pods are there and when they are gone' },
  C4: { file: 'test/contracts/kube-recovery.test.ts', test: 'adopts the Jobs that there are' },
  C5: { file: 'packages/runtime/src/kubernetes/manifests.test.ts', test: 'have a hash that changes with the step' },
  C6: { file: 'packages/runtime/src/kubernetes/manifests.test.ts', test: 'carry every pod option of a job' },
  C7: { file: 'test/contracts/kube-recovery.test.ts', test: 'with keepFinished' },
  C8: { waitsFor: DEPLOY },
  C9: { waitsFor: SERVER },
  C10: { waitsFor: DEPLOY },
  ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`D${i + 1}`, { waitsFor: SERVER }])),
  ...Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`E${i + 1}`, { waitsFor: RENDER }])),
};
