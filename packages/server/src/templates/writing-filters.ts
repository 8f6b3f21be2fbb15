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
  indent: (value, args) => {
    const raw = rawOf(value);
    const text = indented(textOf(value), args);
    return raw === undefined ? text : new Written(text, { raw: indented(raw, args) });
  },
  trim: (value, args, tokens) => {
    const raw = trimmed(rawOf(value) ?? '', args.text('chars', 0));
    const text = trimmed(textOf(value), args.text('chars', 0));
    return rawOf(value) === undefined || tokens.isAtEdgeOf(raw) ? text : new Written(text, { raw });
  },
};
