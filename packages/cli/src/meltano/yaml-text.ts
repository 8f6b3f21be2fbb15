/** Writes values as YAML that every reader reads as the same: all texts are quoted. Pure. */
import { stringify } from 'yaml';

/** What the readers of Kubernetes refuse as it is, and JSON does not escape. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** A value as a YAML document. Its texts are JSON's, whatever version of YAML they would be words of. */
export const yamlText = (value: unknown): string =>
  stringify(value, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    doubleQuotedAsJSON: true,
    aliasDuplicateObjects: false,
    lineWidth: 0,
  }).replaceAll(UNPRINTABLE, mark => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
