/** Text typed for a parameter, as the value that its schema means. */
import { fits, json, tryJson } from '@kube-transform/runtime/internal';
import type { Json } from '@kube-transform/sdk';
import type { Property } from './param-schema.js';

/** The types of JSON that a value may have; undefined where that is not told. */
export function typesOf({ type, anyOf, enum: choices, const: only }: Property): string[] | undefined {
  if (type !== undefined) return [type].flat();
  if (choices !== undefined || only !== undefined) return [...new Set((choices ?? [only]).map(typeOf))];
  const all = anyOf?.map(typesOf);
  return all?.every(types => types !== undefined) === true ? [...new Set(all.flat())] : undefined;
}

/** Text as the value that is meant; what does not fit is left to the schema's own words. */
export function valueOf(typed: unknown, property: Property): Json {
  if (Array.isArray(typed)) return listOf(typed as string[], property.items ?? {});
  if (typed === true) return true;
  const text = String(typed);
  const types = typesOf(property);
  if (types?.length === 1 && types[0] !== 'null') return valueAs(text, types[0]);
  const value = jsonOf(text);
  if (value === undefined) return text;
  const isMeant =
    types === undefined ||
    types.includes(typeOf(value)) ||
    !types.includes('string') ||
    (Number.isInteger(value) && types.includes('integer'));
  return isMeant ? value : text;
}

function valueAs(text: string, type: string | undefined): Json {
  switch (type) {
    case 'string':
      return text;
    case 'number':
    case 'integer':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case undefined:
    default:
      return jsonOf(text) ?? text;
  }
}

/** One word may be the whole list, as JSON. */
function listOf(words: readonly string[], items: Property): Json {
  const [only] = words;
  const whole = words.length === 1 ? jsonOf(only ?? '') : undefined;
  return Array.isArray(whole) ? whole : words.map(word => valueOf(word, items));
}

const jsonOf = (text: string): Json | undefined => fits(json, tryJson(text));

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
