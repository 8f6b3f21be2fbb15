/** The definitions of a server as ConfigMaps, and the rights that they need. Pure. */
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import type { DefinitionPlace } from '../definitions/read-config.js';
import { EXAMPLES } from './example-definitions.js';

/** A definition with its template, or with the ConfigMap that has it. */
export type PlannedDefinition = { name: string } & DefinitionPlace &
  ({ template: string } | { configMap: { name: string; namespace: string } });

/** An object with its fields. */
export type Manifest = KubeObject & Record<string, unknown>;

/** Folders in the server's pod. */
export const DEFINITIONS_DIR = '/etc/job-server/definitions';
const TEMPLATES_DIR = '/etc/job-server/templates';

/** ConfigMaps, what mounts them, and in which namespaces which others are read. */
export interface DefinitionObjects {
  maps: Manifest[];
  volumes: object[];
  mounts: object[];
  /** Names of ConfigMaps by namespace. */
  read: Map<string, string[]>;
}

/** Makes them; without definitions those of k8s-jobs' four examples. */
export function definitionObjects(
  namespace: string,
  given: readonly PlannedDefinition[] | undefined,
  meta: (name: string) => KubeObject['metadata'],
): DefinitionObjects {
  const definitions = given ?? EXAMPLES.definitions(namespace);
  const read = new Map<string, string[]>();
  const entries: string[] = [];
  const templates: Record<string, string> = {};
  for (const definition of definitions) {
    const entry = [`- name: ${JSON.stringify(definition.name)}`];
    if ('template' in definition) {
      const file = `${definition.name}.yaml`;
      templates[file] = definition.template;
      entry.push(`spec_path: ${TEMPLATES_DIR}/${file}`);
    } else {
      const { name, namespace: where } = definition.configMap;
      read.set(where, [...new Set([...(read.get(where) ?? []), name])]);
      entry.push(`spec_config_map_name: ${JSON.stringify(name)}`);
      entry.push(`spec_config_map_namespace: ${JSON.stringify(where)}`);
    }
    for (const key of ['queue', 'priority'] as const)
      if (definition[key] !== undefined) entry.push(`${key}: ${JSON.stringify(definition[key])}`);
    entries.push(`${entry.join('\n  ')}\n`);
  }
  const list = entries.length === 0 ? '[]\n' : entries.join('');
  const configMap = (name: string, data: Record<string, string>): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta(name),
    data,
  });
  return {
    maps: [
      configMap('job-definitions', { 'definitions.yaml': list }),
      configMap('job-templates', templates),
      ...(given === undefined ? [configMap('helloworld', { helloworld: EXAMPLES.helloworld })] : []),
    ],
    volumes: [
      { name: 'definitions', configMap: { name: 'job-definitions' } },
      { name: 'templates', configMap: { name: 'job-templates' } },
    ],
    mounts: [
      { name: 'definitions', mountPath: DEFINITIONS_DIR, readOnly: true },
      { name: 'templates', mountPath: TEMPLATES_DIR, readOnly: true },
    ],
    read,
  };
}
