/** From a template and its arguments to an object. */
import type { TemplateArguments } from '../jinja/arguments.js';
import { parseTemplate } from '../jinja/parse-template.js';
import { readManifest } from './read-manifest.js';
import { renderText } from '../jinja/render-text.js';
import { Budget, builtins, Scope } from '../jinja/scope.js';
import { TemplateError } from '../jinja/template-error.js';
import { Tokens } from '../jinja/tokens.js';

const MAX_SOURCE = 1024 * 1024;

/**
 * Renders a template: a Job manifest in YAML with Jinja in it. Conditions, loops and filters work on the real
 * values; what is printed is put into the manifest after that has been read.
 *
 * @throws TemplateError
 */
export function renderTemplate(source: string, args: TemplateArguments): unknown {
  if (source.length > MAX_SOURCE) throw new TemplateError('The template is larger than 1 MiB.');
  const tokens = new Tokens(`kt${crypto.randomUUID().replaceAll('-', '')}x`);
  const around = { scope: new Scope(args.values, new Scope(builtins())), tokens, budget: new Budget() };
  try {
    return readManifest(renderText(parseTemplate(source), around), tokens);
  } catch (error) {
    // What is nested too deep, or loops over itself.
    if (error instanceof RangeError)
      throw new TemplateError('The template goes too deep with these arguments.');
    throw error;
  }
}
