/*
 * Writes the objects of a deployment as files for Kustomize. Pure: the same plan gives the same bytes.
 *
 * RF1 `base/` is ours: it is rendered anew each time. `overlays/` is the user's: a file is made where there
 *     is none, and never again.
 */
import { Document, Scalar, stringify, visit } from 'yaml';
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import { componentOf, pipelineOf } from '../deploy/deploy-objects.js';
import type { DeployPlan } from '../deploy/plan.js';

/** Texts by path. */
export type RenderedFiles = ReadonlyMap<string, string>;

const NOTE = '# Rendered by kt render; changes here are lost. Put yours into overlays/.\n';
const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

/** Objects as one YAML stream, in which texts are texts to YAML 1.1 too, as Kubernetes reads it. */
export const yamlOf = (objects: readonly KubeObject[]): string => objects.map(textOf).join('---\n');

function textOf(object: KubeObject): string {
  const document = new Document(object, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    // A number to readers that know both versions.
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && /^[-+]?0o/i.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The base of a context. */
export function baseFiles(context: string, { objects }: Pick<DeployPlan, 'objects'>): Map<string, string> {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const name = `${groupOf(object)}.yaml`;
    groups.set(name, [...(groups.get(name) ?? []), object]);
  }
  const files = new Map<string, string>();
  for (const [name, members] of groups) files.set(`base/${context}/${name}`, NOTE + yamlOf(members));
  files.set(
    `base/${context}/kustomization.yaml`,
    NOTE + stringify({ ...KUSTOMIZATION, resources: [...groups.keys()].sort() }),
  );
  return files;
}

/** What an overlay begins as. */
export function overlayFiles(context: string, namespace: string): Map<string, string> {
  const text = stringify({ ...KUSTOMIZATION, namespace, resources: [`../../base/${context}`] });
  const recipes = `# Yours: kt render makes this file once and never changes it. What people put here:
# patches:                                   # no schedule fires
#   - target: { kind: CronJob }
#     patch: |-
#       - { op: replace, path: /spec/suspend, value: true }
# commonAnnotations: { team: data }
`;
  return new Map([[`overlays/${context}/kustomization.yaml`, text + recipes]]);
}

function groupOf(object: KubeObject): string {
  const component = componentOf(object);
  if (component === '') return 'access';
  return component === 'bundle' ? 'code' : `pipeline-${pipelineOf(object) || 'x'}`;
}
