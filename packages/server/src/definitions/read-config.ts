/** The list of job definitions, as k8s-jobs has it: read and checked. Pure. */
import { KtError, omitUndefined, type Problem } from '@kube-transform/sdk';
import { parse } from 'yaml';

/** Where the template of a definition is. */
export type TemplateSource =
  | { kind: 'text'; text: string }
  | { kind: 'file'; path: string }
  /** The key of the ConfigMap has its name. */
  | { kind: 'config-map'; name: string; namespace: string };

/** Where Jobs stand in line. */
export interface DefinitionPlace {
  /** A queue of Kueue. */
  queue?: string | undefined;
  /** The priority in the queue; without one the PriorityClass of the pods. */
  priority?: string | undefined;
}

/** A job definition. */
export interface JobDefinition extends DefinitionPlace {
  name: string;
  source: TemplateSource;
}

const MEMBERS = [
  ...['name', 'spec', 'spec_path', 'spec_config_map_name', 'spec_config_map_namespace'],
  ...['queue', 'priority'],
];
/** What is written into a label of each Job. */
const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const PLACE = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Definitions by name, from the text of a configuration: a YAML list of `{name, spec | spec_path |
 * spec_config_map_name + spec_config_map_namespace}`. The first of these is taken; of two definitions with
 * one name the last.
 *
 * @throws KtError `BAD_DEFINITIONS` with all that is wrong
 */
export function readDefinitions(text: string, file: string): Map<string, JobDefinition> {
  const problems: Problem[] = [];
  const wrong = (path: string, message: string): void =>
    void problems.push({ code: 'BAD_DEFINITIONS', path: `${file} ${path}`.trimEnd(), message });
  const list = yamlOf(text, why => wrong('', `The job definitions are no YAML: ${why}.`));
  const found = new Map<string, JobDefinition>();
  if (problems.length === 0 && !Array.isArray(list))
    wrong('', 'The job definitions are a list, in which each has a name and a template.');
  for (const [i, given] of (Array.isArray(list) ? (list as unknown[]) : []).entries()) {
    const definition = definitionOf(given, message => wrong(`[${i}]`, message));
    if (definition !== undefined) found.set(definition.name, definition);
  }
  if (problems.length > 0) throw new KtError(problems);
  return found;
}

function yamlOf(text: string, tell: (why: string) => void): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch (error) {
    tell(((error as Error).message.split('\n')[0] ?? '').replace(/[.:]$/, ''));
    return undefined;
  }
}

function definitionOf(given: unknown, wrong: (message: string) => void): JobDefinition | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return void wrong('A definition is an object with a name and a template.');
  const members = Object.entries(given).filter(([, value]) => value !== null);
  const name: unknown = members.find(([key]) => key === 'name')?.[1];
  const called = typeof name === 'string' ? `The definition "${name}"` : 'The definition';
  const strange = members.map(([key]) => key).filter(key => !MEMBERS.includes(key));
  if (strange.length > 0)
    return void wrong(
      `${called} has "${strange.join('", "')}", which is not known: there are ${MEMBERS.join(', ')}.`,
    );
  if (typeof name !== 'string' || !LABEL_VALUE.test(name))
    return void wrong(
      `The name of a definition is text of 1 to 63 letters, digits, ".", "_", "-", but here ${JSON.stringify(name)}.`,
    );
  const other = members.find(([, value]) => typeof value !== 'string');
  if (other !== undefined)
    return void wrong(`${called} has a "${other[0]}" that is no text: write the template after "spec: |".`);
  const source = sourceOf(Object.fromEntries(members));
  if (typeof source === 'string') return void wrong(`${called} ${source}.`);
  const { queue, priority } = Object.fromEntries(members) as DefinitionPlace;
  for (const [key, value] of Object.entries({ queue, priority }))
    if (value !== undefined && !PLACE.test(value))
      return void wrong(`${called} has the ${key} ${JSON.stringify(value)}, which is no name of Kubernetes.`);
  return { name, source, ...omitUndefined({ queue, priority }) };
}

/** The source, or what is wrong with it. */
function sourceOf(given: Readonly<Record<string, string | undefined>>): TemplateSource | string {
  const { spec, spec_path: path, spec_config_map_name: map, spec_config_map_namespace: namespace } = given;
  if ((map === undefined) !== (namespace === undefined))
    return 'names a ConfigMap by halves: spec_config_map_name and spec_config_map_namespace belong together';
  if (spec !== undefined) return { kind: 'text', text: spec };
  if (path !== undefined) return { kind: 'file', path };
  if (map === undefined || namespace === undefined)
    return 'has no template: give spec, spec_path, or spec_config_map_name and spec_config_map_namespace';
  if (![map, namespace].every(one => OBJECT_NAME.test(one)))
    return `names a ConfigMap "${namespace}/${map}", which Kubernetes cannot have`;
  return { kind: 'config-map', name: map, namespace };
}
