/** Filters of Jinja that work on text, and what they share. Pure. */
import type { given } from './given.js';
import { textOf, type Value } from './values.js';

export type Filter = (value: Value, args: ReturnType<typeof given>) => Value;

/** Every word with a capital letter. */
export const titled = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(
      /(^|[^\p{L}\p{N}'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );

/** Text without white space, or some signs, at its ends. */
export function trimmed(text: string, signs?: string, where: 'both' | 'start' | 'end' = 'both'): string {
  if (signs === undefined)
    return where === 'both' ? text.trim() : where === 'start' ? text.trimStart() : text.trimEnd();
  let [from, to] = [0, text.length];
  if (where !== 'end') while (from < to && signs.includes(text.charAt(from))) from++;
  if (where !== 'start') while (to > from && signs.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Text whose lines but the first are set in. */
export function indented(text: string, args: ReturnType<typeof given>): string {
  // A number only: a text may be a value, and what is set in may be the template's own lines.
  const by = ' '.repeat(Math.min(Math.max(0, args.number('width', 0) ?? 4), 100));
  const [first, blank] = [args.flag('first', 1), args.flag('blank', 2)];
  return text
    .split('\n')
    .map((line, i) => ((i === 0 && !first) || (line.trim() === '' && !blank) ? line : by + line))
    .join('\n');
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escaped: Filter = value => textOf(value).replaceAll(/[&<>"']/g, sign => HTML[sign] ?? sign);

const PLACE = /%(?:%|(?<zero>0?)(?<width>\d*)(?:\.(?<digits>\d+))?(?<kind>[sdif]))/g;

/** What `%` and `format` put into text: `%s`, `%d`, `%05d`, `%.2f`. */
export function formatted(pattern: string, values: readonly Value[]): string {
  let next = 0;
  const shown = ({ zero, width, digits, kind }: Record<string, string | undefined>): string => {
    if (kind === undefined) return '%';
    const text = textOf(values[next++] ?? '');
    const fixed = (): string => Number(text).toFixed(Math.min(Number(digits ?? 6), 100));
    const said = kind === 'f' ? fixed() : kind === 's' ? text : String(Math.trunc(Number(text)));
    return said.padStart(Math.min(Number(width), 1000), zero === '0' ? '0' : ' ');
  };
  let [text, from] = ['', 0];
  for (const match of pattern.matchAll(PLACE)) {
    text += pattern.slice(from, match.index) + shown(match.groups ?? {});
    from = match.index + match[0].length;
  }
  return text + pattern.slice(from);
}

export const TEXT_FILTERS: Record<string, Filter> = {
  upper: value => textOf(value).toUpperCase(),
  lower: value => textOf(value).toLowerCase(),
  title: value => titled(textOf(value)),
  capitalize: value => textOf(value).slice(0, 1).toUpperCase() + textOf(value).slice(1).toLowerCase(),
  string: value => textOf(value),
  escape: escaped,
  e: escaped,
  forceescape: escaped,
  striptags: value =>
    textOf(value)
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  urlencode: value => encodeURIComponent(textOf(value)).replaceAll('%2F', '/'),
  wordcount: value => (textOf(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
  center: (value, args) => {
    const text = textOf(value);
    const width = Math.min(args.number('width', 0) ?? 80, 1000);
    return text.padStart(text.length + Math.floor(Math.max(0, width - text.length) / 2)).padEnd(width);
  },
  replace: (value, args) => {
    const [old, by, count] = [args.text('old', 0) ?? '', args.text('new', 1) ?? '', args.number('count', 2)];
    const text = textOf(value);
    if (count === undefined) return text.replaceAll(old, () => by);
    const parts = text.split(old);
    const changed = Math.min(Math.max(0, count), parts.length - 1);
    return [parts.slice(0, changed + 1).join(by), ...parts.slice(changed + 1)].join(old);
  },
  truncate: (value, args) => {
    const [text, length, end] = [
      textOf(value),
      args.number('length', 0) ?? 255,
      args.text('end', 2) ?? '...',
    ];
    if (text.length <= length + (args.number('leeway', 3) ?? 5)) return text;
    const cut = text.slice(0, Math.max(0, length - end.length));
    return (args.flag('killwords', 1) ? cut : cut.replace(/\s+\S*$/, '')) + end;
  },
  format: (value, args) => {
    const values: Value[] = [];
    for (let at = 0; at < 100; at++) {
      const one = args.at('', at);
      if (one === undefined) break;
      values.push(one);
    }
    return formatted(textOf(value), values);
  },
};
