/** Filters of Jinja that work on lists, objects and numbers. Pure. */
import { memberOf } from './methods.js';
import { TEXT_FILTERS, type Filter } from './text-filters.js';
import { given } from './given.js';
import { TemplateError } from './template-error.js';
import {
  compare,
  Digits,
  isEqual,
  itemsOf,
  jsonText,
  Missing,
  numberOf,
  plain,
  textOf,
  type Value,
  Written,
} from './values.js';

type Args = Parameters<Filter>[1];

const MAX_ITEMS = 10_000;

/** An item, or what a path such as `a.b` leads to in it. */
function attributeOf(item: Value, path: string | undefined): Value {
  if (path === undefined) return item;
  return path
    .split('.')
    .reduce<Value>((value, key) => memberOf(value, /^\d+$/.test(key) ? Number(key) : key, key), item);
}

/** Text as Jinja compares it unless told otherwise. */
const folded = (value: Value, args: Args, place: number): Value =>
  typeof value === 'string' && !args.flag('case_sensitive', place) ? value.toLowerCase() : value;

function sorted(value: Value, args: Args): Value[] {
  const path = args.text('attribute', 2);
  const key = (item: Value): Value => folded(attributeOf(item, path), args, 1);
  const items = itemsOf(value, 'sorts').toSorted((a, b) => compare(key(a), key(b)));
  return args.flag('reverse', 0) ? items.reverse() : items;
}

function unique(value: Value, args: Args): Value[] {
  const path = args.text('attribute', 1);
  const seen: Value[] = [];
  return itemsOf(value, 'takes each once of').filter(item => {
    const key = folded(attributeOf(item, path), args, 0);
    if (seen.some(other => isEqual(other, key))) return false;
    return seen.push(key) > 0;
  });
}

function mapped(value: Value, args: Args): Value[] {
  const path = args.text('attribute', Number.NaN);
  const items = itemsOf(value, 'maps');
  if (path === undefined) {
    const name = args.text('filter', 0) ?? '';
    const filter = FILTERS[Object.hasOwn(FILTERS, name) ? name : ''];
    if (filter === undefined)
      throw new TemplateError(`The template maps with "${name}", which is no filter.`);
    const rest = given({ positional: [1, 2, 3].flatMap(at => args.at('', at) ?? []), named: new Map() });
    return items.map(item => filter(item, rest));
  }
  const otherwise = args.at('default', Number.NaN);
  return items.map(item => {
    const found = attributeOf(item, path);
    return found instanceof Missing ? (otherwise ?? found) : found;
  });
}

function best(value: Value, args: Args, sign: 1 | -1): Value {
  const path = args.text('attribute', 1);
  const key = (item: Value): Value => folded(attributeOf(item, path), args, 0);
  const [first, ...rest] = itemsOf(value, 'compares');
  if (first === undefined) return new Missing('an item of an empty list');
  return rest.reduce((a, b) => (compare(key(b), key(a)) * sign < 0 ? b : a), first);
}

function whole(value: Value, args: Args): Value {
  const otherwise = args.at('default', 0) ?? 0;
  const asked = plain(value);
  const number =
    typeof asked === 'string'
      ? Number(asked.trim() === '' ? Number.NaN : asked.replaceAll('_', ''))
      : (numberOf(asked) ?? Number.NaN);
  if (!Number.isFinite(number)) return otherwise;
  if (Number.isSafeInteger(Math.trunc(number))) return Math.trunc(number);
  return asked instanceof Digits ? asked : typeof asked === 'string' ? new Digits(asked.trim()) : otherwise;
}

/** A number with a fraction, as Python writes it: 4.0. */
export const fraction = (value: number): Value =>
  Number.isInteger(value) ? new Digits(value.toFixed(1), value) : value;

/** As Python rounds: a half goes to the even neighbour. */
const halfToEven = (value: number): number =>
  Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);

function rounded(value: Value, args: Args): Value {
  const scale = 10 ** Math.min(Math.max(args.number('precision', 0) ?? 0, 0), 15);
  const how = { ceil: Math.ceil, floor: Math.floor }[args.text('method', 1) ?? ''] ?? halfToEven;
  return fraction(how((numberOf(value) ?? Number.NaN) * scale) / scale);
}

function batched(value: Value, args: Args): Value[] {
  const size = Math.max(1, args.number('linecount', 0) ?? 1);
  const items = itemsOf(value, 'batches');
  const fill = args.at('fill_with', 1);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => {
    const batch = items.slice(i * size, (i + 1) * size);
    return fill === undefined
      ? batch
      : [...batch, ...Array.from({ length: size - batch.length }, () => fill)];
  });
}

const count: Filter = value => {
  const self = plain(value);
  return self instanceof Map ? self.size : itemsOf(self, 'counts').length;
};
const otherwise: Filter = (value, args) => {
  const missing =
    value instanceof Missing || (args.flag('boolean', 1) && (plain(value) === '' || count0(value)));
  return missing ? (args.at('default_value', 0) ?? '') : value;
};
/** Values that are as good as none. */
function count0(value: Value): boolean {
  const self = plain(value);
  if (self === null || self === false || self === '') return true;
  if (Array.isArray(self)) return self.length === 0;
  return self instanceof Map ? self.size === 0 : numberOf(self) === 0;
}

/** All filters by name, but for those that write (`join`, `indent`, `trim`) and those that test. */
export const FILTERS: Record<string, Filter> = {
  ...TEXT_FILTERS,
  default: otherwise,
  d: otherwise,
  safe: value => value,
  length: count,
  count,
  first: value => itemsOf(value, 'takes the first of')[0] ?? new Missing('the first item of an empty list'),
  last: value => itemsOf(value, 'takes the last of').at(-1) ?? new Missing('the last item of an empty list'),
  list: value => itemsOf(value, 'makes a list of').slice(0, MAX_ITEMS),
  reverse: value => {
    const items = itemsOf(value, 'reverses').toReversed();
    return typeof plain(value) === 'string' ? items.map(textOf).join('') : items;
  },
  sort: sorted,
  unique,
  map: mapped,
  min: (value, args) => best(value, args, 1),
  max: (value, args) => best(value, args, -1),
  sum: (value, args) =>
    itemsOf(value, 'adds up').reduce<number>(
      (sum, item) => sum + (numberOf(attributeOf(item, args.text('attribute', 0))) ?? Number.NaN),
      args.number('start', 1) ?? 0,
    ),
  int: whole,
  float: (value, args) => {
    const number = Number(textOf(value));
    return Number.isFinite(number) ? fraction(number) : (args.at('default', 0) ?? fraction(0));
  },
  abs: value => Math.abs(numberOf(value) ?? Number.NaN),
  round: rounded,
  batch: batched,
  items: value => {
    const self = plain(value);
    return self instanceof Map ? [...self].map(([key, one]) => [key, one]) : [];
  },
  dictsort: (value, args) => {
    const self = plain(value);
    const by = args.text('by', 1) === 'value' ? 1 : 0;
    const pairs = self instanceof Map ? [...self].map<Value[]>(([key, one]) => [key, one]) : [];
    const key = (pair: Value[]): Value => folded(pair[by] ?? null, args, 0);
    const ordered = pairs.sort((a, b) => compare(key(a), key(b)));
    return args.flag('reverse', 2) ? ordered.reverse() : ordered;
  },
  tojson: (value, args) =>
    new Written(jsonText(value, args.number('indent', 0) ?? 0), { value: plain(value) }),
};
