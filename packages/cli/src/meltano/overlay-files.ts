/** Makes what an overlay of an environment of Meltano begins as; from then on it is the user's. Pure. */
import { KtError } from '@kube-transform/sdk';
import { ENV, KUSTOMIZATION } from './base-files.js';
import { yamlText } from './yaml-text.js';

/** Names under which Kustomize looks for what it is to do; more than one of them it refuses. */
export const KUSTOMIZATIONS = ['kustomization.yml', 'kustomization.yaml', 'Kustomization'];

const YOURS = '# Yours: kt render meltano makes this file once and never changes it.\n';
const STATE = `  # Where the state of incremental loads outlives a pod, unless meltano.yml names a place:
  # MELTANO_STATE_BACKEND_URI: s3://BUCKET/meltano
`;
const SCOPE = `      # Only some of them, by their labels:
      # labelSelector: meltano.kubernetes.io/job=NAME
`;

const cronJobPatch = (container: object): object => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'any' },
  spec: {
    jobTemplate: { spec: { template: { spec: { containers: [{ name: 'meltano', ...container }] } } } },
  },
});

/** Texts by their names within the overlay. */
export function overlayFiles(environment: string): Map<string, string> {
  const size = { cpu: '1', 'ephemeral-storage': '1Gi', memory: '4Gi' };
  return new Map([
    [
      'env-config-map.yml',
      YOURS +
        yamlText({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: ENV },
          data: { MELTANO_ENVIRONMENT: environment },
        }) +
        STATE,
    ],
    ['resources.yml', YOURS + yamlText(cronJobPatch({ resources: { requests: size, limits: size } }))],
    [
      'kustomization.yml',
      YOURS +
        yamlText({
          ...KUSTOMIZATION,
          resources: ['../../base'],
          images: [{ name: 'meltano', newName: 'meltano' }],
          patches: [{ path: 'env-config-map.yml' }, { path: 'resources.yml', target: { kind: 'CronJob' } }],
        }) +
        SCOPE,
    ],
  ]);
}

/** Refuses an environment that is no name of a folder. @throws KtError `BAD_ENVIRONMENT` */
export function checkEnvironment(environment: string): void {
  const isFolder =
    !/[/\\\ufffe\uffff]|\p{Cc}|\p{Cs}/u.test(environment) &&
    !/^\.{1,2}$/.test(environment) &&
    Buffer.byteLength(environment) <= 200;
  if (isFolder) return;
  throw new KtError({
    code: 'BAD_ENVIRONMENT',
    path: '--environment',
    message: `The overlay of "${environment}" would be no folder within overlays/.`,
    hint: 'Give the name of an environment of meltano.yml, such as prod.',
  });
}
