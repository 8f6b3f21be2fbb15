/** What values have in templates: members, methods of text and objects. Pure. */
import { given } from './given.js';
import { trimmed, titled } from './text-filters.js';
import { TemplateError } from './template-error.js';
import { Callable, itemsOf, Missing, numberOf, plain, textOf, type Value } from './values.js';

type Method<T> = (self: T, args: ReturnType<typeof given>) => Value;

const TEXT: Record<string, Method<string>> = {
  upper: self => self.toUpperCase(),
  lower: self => self.toLowerCase(),
  title: self => titled(self),
  capitalize: self => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  strip: (self, args) => trimmed(self, args.text('chars', 0)),
  lstrip: (self, args) => trimmed(self, args.text('chars', 0), 'start'),
  rstrip: (self, args) => trimmed(self, args.text('chars', 0), 'end'),
  startswith: (self, args) => self.startsWith(args.text('prefix', 0) ?? ''),
  endswith: (self, args) => self.endsWith(args.text('suffix', 0) ?? ''),
  replace: (self, args) => self.replaceAll(args.text('old', 0) ?? '', () => args.text('new', 1) ?? ''),
  split: (self, args) => {
    const separator = args.text('sep', 0);
    return separator === undefined
      ? self
          .trim()
          .split(/\s+/)
          .filter(word => word !== '')
      : self.split(separator);
  },
  join: (self, args) =>
    itemsOf(args.at('iterable', 0) ?? [], 'joins')
      .map(textOf)
      .join(self),
  isdigit: self => /^\d+$/.test(self),
};
const OBJECT: Record<string, Method<Map<string, Value>>> = {
  items: self => [...self].map(([key, value]) => [key, value]),
  keys: self => [...self.keys()],
  values: self => [...self.values()],
  get: (self, args) => self.get(args.text('key', 0) ?? '') ?? args.at('default', 1) ?? null,
};

/** A member, item or method of a value; what is not there is {@link Missing}. */
export function memberOf(object: Value, key: Value, name: string): Value {
  const self = plain(object);
  const index = numberOf(key);
  const word = typeof plain(key) === 'string' ? textOf(key) : undefined;
  const missing = new Missing(`"${name}"`);
  if (self instanceof Map)
    return self.get(textOf(key)) ?? (word === undefined ? missing : bound(OBJECT, self, word)) ?? missing;
  if (Array.isArray(self)) return (index === undefined ? undefined : self.at(index)) ?? missing;
  if (typeof self !== 'string') return missing;
  if (index !== undefined) return Array.from(self).at(index) ?? missing;
  return bound(TEXT, self, word ?? '') ?? missing;
}

function bound<T>(methods: Record<string, Method<T>>, self: T, name: string): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method === undefined ? undefined : new Callable(args => method(self, given(args)));
}

/** A part of a list or text, as `a[1:-1]` asks for it. */
export function sliceOf(object: Value, [start, stop, step = 1]: (number | undefined)[]): Value {
  const self = plain(object);
  if (!Array.isArray(self) && typeof self !== 'string')
    throw new TemplateError('The template takes a part of what is neither a list nor text.');
  const all: Value[] = typeof self === 'string' ? Array.from(self) : self;
  if (step === 0) throw new TemplateError('The step of a slice is 0.');
  const chosen =
    step > 0
      ? all.slice(start, stop)
      : all.slice(stop === undefined ? 0 : stop + 1, start === undefined ? undefined : start + 1).reverse();
  const found = chosen.filter((_, i) => i % Math.abs(step) === 0);
  return typeof self === 'string' ? found.map(textOf).join('') : found;
}
