/** Writes values as YAML that every reader reads as the same: all texts are quoted. Pure. */
import { stringify } from 'yaml';

/** Lines may break at these in YAML, and not in JSON, which leaves them as they are. */
const BREAKS = /[\u2028\u2029\ufeff]/g;

/** A value as a YAML document. Its texts are JSON's, whatever version of YAML they would be words of. */
export const yamlText = (value: unknown): string =>
  stringify(value, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    doubleQuotedAsJSON: true,
    aliasDuplicateObjects: false,
    lineWidth: 0,
  }).replaceAll(BREAKS, mark => `\\u${mark.charCodeAt(0).toString(16)}`);
