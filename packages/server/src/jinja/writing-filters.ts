/** Filters that keep what the template wrote: its own signs between values stay signs of YAML. */
import type { given } from './given.js';
import { memberOf } from './methods.js';
import { indented, trimmed } from './text-filters.js';
import type { Tokens } from './tokens.js';
import { itemsOf, textOf, type Value, Written } from './values.js';

type WritingFilter = (value: Value, args: ReturnType<typeof given>, tokens: Tokens) => Value;

const rawOf = (value: Value): string | undefined => (value instanceof Written ? value.raw : undefined);

export const WRITING_FILTERS: Record<string, WritingFilter> = {
  join: (value, args, tokens) => {
    const separator = args.at('d', 0) ?? '';
    const path = args.text('attribute', 1);
    const items = itemsOf(value, 'joins').map(item =>
      path === undefined ? item : memberOf(item, path, path),
    );
    const text = items.map(textOf).join(textOf(separator));
    if (items.length < 2 || rawOf(separator) === undefined) return text;
    return new Written(text, { raw: items.map(item => tokens.print(item)).join(rawOf(separator)) });
  },
  // Each line of a value is a token of its own: what the template sets them in by is layout of its own.
  indent: (value, args, tokens) => {
    const lines = textOf(value).split('\n');
    const raw =
      rawOf(value) ?? lines.map(line => (line.trim() === '' ? line : tokens.print(line))).join('\n');
    return new Written(indented(textOf(value), args), { raw: indented(raw, args) });
  },
  trim: (value, args, tokens) => {
    const signs = args.text('chars', 0);
    const text = trimmed(textOf(value), signs);
    const raw = rawOf(value)?.trim();
    // Which signs go may be a value, and a value at an edge is looked into: then it is one text.
    return raw === undefined || signs !== undefined || tokens.isAtEdgeOf(raw)
      ? text
      : new Written(text, { raw });
  },
};
