/** Arguments of a call in a template, by their place or name. */
import { isTrue, type Given, numberOf, textOf, type Value } from './values.js';

/** Reads them: by name, else by place; undefined where an argument is neither. */
export function given({ positional, named }: Given): {
  at: (name: string, place: number) => Value | undefined;
  text: (name: string, place: number) => string | undefined;
  number: (name: string, place: number) => number | undefined;
  flag: (name: string, place: number) => boolean;
} {
  const at = (name: string, place: number): Value | undefined => named.get(name) ?? positional[place];
  return {
    at,
    text: (name, place) => {
      const value = at(name, place);
      return value === undefined || value === null ? undefined : textOf(value);
    },
    number: (name, place) => {
      const value = at(name, place);
      return value === undefined ? undefined : numberOf(value);
    },
    flag: (name, place) => isTrue(at(name, place) ?? false),
  };
}
