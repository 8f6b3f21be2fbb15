/** Job definitions and their templates, as they are now. */
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError, type Problem } from '@kube-transform/sdk';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { type ConfigMap, paths } from '@kube-transform/runtime/kubernetes';
import { parseTemplate } from '../jinja/parse-template.js';
import { type DefinitionPlace, type JobDefinition, readDefinitions } from './read-config.js';
import { WatchedFile } from './watched-file.js';

/** Finds the template of a definition. */
export interface DefinitionSource {
  /** The names there are, sorted. */
  names(): Promise<string[]>;
  /**
   * The template of a definition. @throws KtError `UNKNOWN_DEFINITION`, `TEMPLATE_MISSING`,
   * KubeError for those in ConfigMaps
   */
  templateOf(name: string): Promise<string>;
  /** The place of its Jobs in line, where requests do not say another. Default: none. */
  placeOf?(name: string): Promise<DefinitionPlace>;
}

/** What definitions are read with. */
export interface DefinitionOptions {
  /** Reads ConfigMaps. */
  api: Pick<KubeApi, 'get'>;
  /** Told in a sentence of files that cannot be used any more. */
  tell?: (message: string) => void;
}

/** Checks that a text can be read as a template, and gives it back. */
function checked(text: string): string {
  parseTemplate(text);
  return text;
}

/** Definitions by name, and where they stand. */
export interface DefinitionList {
  /** For messages: a file, or a place in one. */
  place: string;
  /** As they are now. */
  get(): Promise<ReadonlyMap<string, JobDefinition>>;
}

/** Definitions of a list; the files of templates are read again when they have changed. */
export class ListedDefinitions implements DefinitionSource {
  readonly #list: DefinitionList;
  readonly #templates = new Map<string, WatchedFile<string>>();
  readonly #api: Pick<KubeApi, 'get'>;
  readonly #tell: (message: string) => void;

  constructor(list: DefinitionList, { api, tell = () => undefined }: DefinitionOptions) {
    this.#list = list;
    this.#api = api;
    this.#tell = tell;
  }

  /** Reads all that is in files once. Rejects with KtError `BAD_DEFINITIONS` of all that cannot be used. */
  async start(): Promise<void> {
    const problems: Problem[] = [];
    for (const { name, source } of (await this.#list.get()).values()) {
      try {
        if (source.kind === 'text') checked(source.text);
        if (source.kind === 'file') await this.#template(source.path).get();
      } catch (error) {
        const file = source.kind === 'file' ? ` in ${source.path}` : '';
        const message = `The template${file} of "${name}" cannot be used: ${messageOf(error)}`;
        problems.push({ code: 'BAD_DEFINITIONS', path: `${this.#list.place} ${name}`, message });
      }
    }
    if (problems.length > 0) throw new KtError(problems);
  }

  async names(): Promise<string[]> {
    return [...(await this.#list.get()).keys()].sort();
  }

  async placeOf(name: string): Promise<DefinitionPlace> {
    const { queue, priority } = (await this.#list.get()).get(name) ?? {};
    return { queue, priority };
  }

  async templateOf(name: string): Promise<string> {
    const definitions = await this.#list.get();
    const definition = definitions.get(name);
    if (definition === undefined) throw unknown(name, [...definitions.keys()]);
    const { source } = definition;
    if (source.kind === 'text') return source.text;
    if (source.kind === 'file') return await this.#template(source.path).get();
    const map = await this.#api.get<ConfigMap>(paths.configMaps(source.namespace, source.name));
    const text = map?.data?.[source.name];
    if (text !== undefined) return text;
    const what = map === null ? 'is not there' : `has no key "${source.name}"`;
    throw new KtError({
      code: 'TEMPLATE_MISSING',
      path: name,
      message: `The template of "${name}" cannot be read: the ConfigMap ${source.namespace}/${source.name} ${what}.`,
    });
  }

  #template(path: string): WatchedFile<string> {
    const file = this.#templates.get(path) ?? new WatchedFile(path, checked, this.#tell);
    this.#templates.set(path, file);
    return file;
  }
}

/** Definitions of a file in YAML, which is read again when it has changed. */
export class FileDefinitions extends ListedDefinitions {
  constructor(path: string, options: DefinitionOptions) {
    const file = new WatchedFile(
      path,
      text => readDefinitions(text, path),
      options.tell ?? (() => undefined),
    );
    super({ place: path, get: () => file.get() }, options);
  }
}

/** Where definitions may be. */
export interface DefinitionPlaces {
  /** A file in YAML, which comes first. */
  path?: string | undefined;
  list?: DefinitionList | undefined;
}

/** The definitions of a file, else of a list; none where there is neither. */
export function openDefinitions(
  { path, list }: DefinitionPlaces,
  options: DefinitionOptions,
): ListedDefinitions {
  if (path !== undefined) return new FileDefinitions(path, options);
  return new ListedDefinitions(list ?? { place: '', get: async () => new Map() }, options);
}

function unknown(name: string, names: readonly string[]): KtError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new KtError({
    code: 'UNKNOWN_DEFINITION',
    path: '',
    message: `There is no job definition ${JSON.stringify(shown)}.`,
    hint: names.length === 0 ? 'There are none.' : `There are: ${names.slice(0, 20).join(', ')}.`,
  });
}
