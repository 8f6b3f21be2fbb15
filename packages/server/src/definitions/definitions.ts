/** Job definitions and their templates, as they are now. */
import { KtError } from '@kube-transform/sdk';
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

/** Definitions of a file, which is read again when it has changed; so are the files of templates. */
export class FileDefinitions implements DefinitionSource {
  readonly #file: WatchedFile<Map<string, JobDefinition>>;
  readonly #templates = new Map<string, WatchedFile<string>>();
  readonly #api: Pick<KubeApi, 'get'>;
  readonly #tell: (message: string) => void;

  constructor(path: string, { api, tell = () => undefined }: DefinitionOptions) {
    this.#api = api;
    this.#tell = tell;
    this.#file = new WatchedFile(path, text => readDefinitions(text, path), tell);
  }

  /** Reads all that is in files once. Rejects with KtError for what cannot be used. */
  async start(): Promise<void> {
    const definitions = await this.#file.get();
    for (const { source } of definitions.values()) {
      if (source.kind === 'text') checked(source.text);
      if (source.kind === 'file') await this.#template(source.path).get();
    }
  }

  async names(): Promise<string[]> {
    return [...(await this.#file.get()).keys()].sort();
  }

  async placeOf(name: string): Promise<DefinitionPlace> {
    const { queue, priority } = (await this.#file.get()).get(name) ?? {};
    return { queue, priority };
  }

  async templateOf(name: string): Promise<string> {
    const definitions = await this.#file.get();
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

function unknown(name: string, names: readonly string[]): KtError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new KtError({
    code: 'UNKNOWN_DEFINITION',
    path: '',
    message: `There is no job definition ${JSON.stringify(shown)}.`,
    hint: names.length === 0 ? 'There are none.' : `There are: ${names.slice(0, 20).join(', ')}.`,
  });
}
