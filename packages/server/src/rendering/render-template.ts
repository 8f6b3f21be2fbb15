/** From a template and its arguments to an object. */
import type { TemplateArguments } from '../jinja/arguments.js';
import type { Node } from '../jinja/nodes.js';
import { parseTemplate } from '../jinja/parse-template.js';
import { Manifest } from './read-manifest.js';
import { KeptTexts } from './kept-texts.js';
import { renderText } from '../jinja/render-text.js';
import { Budget, builtins, Scope } from '../jinja/scope.js';
import { TemplateError } from '../jinja/template-error.js';
import { Tokens } from '../jinja/tokens.js';

const MAX_SOURCE = 1024 * 1024;

/** Renders templates, and keeps what it has read of them: to read is most of the work. */
export class TemplateRenderer {
  readonly #secret = `kt${crypto.randomUUID().replaceAll('-', '')}x`;
  readonly #bodies = new KeptTexts<Node[]>();
  readonly #manifests = new KeptTexts<Manifest>();

  /**
   * Renders a template: a Job manifest in YAML with Jinja in it. Conditions, loops and filters work on the
   * real values; what is printed is put into the manifest after that has been read.
   *
   * @throws TemplateError
   */
  render(source: string, args: TemplateArguments): unknown {
    if (source.length > MAX_SOURCE) throw new TemplateError('The template is larger than 1 MiB.');
    const tokens = new Tokens(this.#secret);
    const around = { scope: new Scope(args.values, new Scope(builtins())), tokens, budget: new Budget() };
    try {
      const text = renderText(this.#bodies.get(source, parseTemplate), around);
      return this.#manifests.get(text, () => new Manifest(text, tokens)).filled(tokens);
    } catch (error) {
      // What is nested too deep, or loops over itself.
      if (error instanceof RangeError)
        throw new TemplateError('The template goes too deep with these arguments.');
      throw error;
    }
  }
}

/** Renders a template once; see {@link TemplateRenderer}. @throws TemplateError */
export const renderTemplate = (source: string, args: TemplateArguments): unknown =>
  new TemplateRenderer().render(source, args);
