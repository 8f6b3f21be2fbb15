/** The definitions of a server as ConfigMaps, and the rights that they need. Pure. */
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import type { DefinitionPlace } from '../definitions/read-config.js';

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

/** A ConfigMap of texts. */
export const configMap = (metadata: KubeObject['metadata'], data: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  data,
});

/** Makes them. */
export function definitionObjects(
  definitions: readonly PlannedDefinition[],
  meta: (name: string) => KubeObject['metadata'],
): DefinitionObjects {
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
  return {
    maps: [
      configMap(meta('job-definitions'), { 'definitions.yaml': list }),
      configMap(meta('job-templates'), templates),
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
