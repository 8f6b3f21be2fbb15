/** Each feature of the projects that this one replaces, by its id, and the test that shows it; or what it still waits for. */
export type Evidence = { file: string; test: string } | { waitsFor: string };

const CLUSTER = 'the Kubernetes executor';
const DEPLOY = 'kt deploy';
const SERVER = 'kt serve and container steps';
const RENDER = 'kt render';

export const FEATURES: Record<string, Evidence> = {
  A1: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A2: { waitsFor: CLUSTER },
  A3: { waitsFor: CLUSTER },
  A4: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  A5: { file: 'test/property/core.test.ts', test: 'oracle' },
  A6: { file: 'packages/runtime/src/drive.test.ts', test: 'killed after any number of facts and driven again' },
  A7: { file: 'test/contracts/files.test.ts', test: 'listdir' },
  A8: { waitsFor: CLUSTER },
  A9: { waitsFor: CLUSTER },
  A10: { file: 'test/contracts/executor-contract.ts', test: 'counts attempts per item' },
  A11: { waitsFor: CLUSTER },
  A12: { waitsFor: CLUSTER },
  A13: { file: 'test/documents/documents.test.ts', test: 'static, dynamic, nested dynamic' },
  B1: { waitsFor: DEPLOY },
  B2: { waitsFor: DEPLOY },
  B3: { waitsFor: DEPLOY },
  B4: { waitsFor: DEPLOY },
  B5: { file: 'test/documents/documents.test.ts', test: 'hello world' },
  B6: { waitsFor: CLUSTER },
  C1: { waitsFor: SERVER },
  C2: { file: 'examples/pipelines/weather.test.ts', test: 'not summed up again where its file exists' },
  C3: { waitsFor: CLUSTER },
  C4: { waitsFor: CLUSTER },
  C5: { waitsFor: CLUSTER },
  C6: { waitsFor: CLUSTER },
  C7: { waitsFor: CLUSTER },
  C8: { waitsFor: DEPLOY },
  C9: { waitsFor: SERVER },
  C10: { waitsFor: DEPLOY },
  ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`D${i + 1}`, { waitsFor: SERVER }])),
  ...Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`E${i + 1}`, { waitsFor: RENDER }])),
};
