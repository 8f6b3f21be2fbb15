/** Job definitions of a project: those that its `kt.config.ts` names. */
import { isAbsolute, join } from 'node:path';
import { type JobDefinitionConfig, omitUndefined } from '@kube-transform/sdk';
import type { DefinitionList, JobDefinition, TemplateSource } from '@kube-transform/server';
import { loadConfig } from '../project/load-config.js';
import { projectAround } from '../project/project-dir.js';

/** The list of the project around this folder; undefined where it names none. Rejects as `loadConfig`. */
export async function configDefinitions(): Promise<DefinitionList | undefined> {
  const found = await loadConfig(projectAround());
  if (found?.config.server === undefined) return undefined;
  const definitions = new Map<string, JobDefinition>();
  for (const definition of found.config.server.definitions) {
    const { name, queue, priority } = definition;
    const place = omitUndefined({ queue, priority });
    definitions.set(name, { name, source: sourceOf(definition, found.dir), ...place });
  }
  return { place: `${found.file} server.definitions`, get: async () => definitions };
}

/**
 * What a command works with where the environment names no list; a list that it names comes first, and then
 * the configuration is not read.
 */
export const givenDefinitions = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<DefinitionList | undefined> =>
  env['JOB_DEFINITIONS_CONFIG_PATH'] ? undefined : configDefinitions();

function sourceOf({ template, file, configMap }: JobDefinitionConfig, dir: string): TemplateSource {
  if (configMap !== undefined) return { kind: 'config-map', ...configMap };
  if (file !== undefined) return { kind: 'file', path: isAbsolute(file) ? file : join(dir, file) };
  return { kind: 'text', text: template ?? '' };
}
