/**
 * From text with tokens to an object.
 *
 * T1 The text is read as YAML first, and each token is replaced in what was read: no value can change what
 *    the template says around it, whatever signs it holds.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type Tags,
  visit,
} from 'yaml';
import type { Json } from '@kube-transform/sdk';
import { type FieldPath, fieldName, fitting } from './field-types.js';
import { TemplateError } from '../jinja/template-error.js';
import type { Tokens } from '../jinja/tokens.js';

/** Of YAML 1.1 what would surprise: dates, clock times, and what JSON has not. */
const LEFT_OUT = /:(timestamp|binary|omap|pairs|set)$/;

/** Truths as readers of Kubernetes and of Python know them: not "y" and "n". */
const TRUTHS = {
  true: /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/,
  false: /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
};

/** The tags of YAML 1.1 that are heeded. */
function heeded(tags: Tags): Tags {
  return tags.flatMap<Tags[number]>(tag => {
    if (typeof tag === 'string') return [tag];
    if (LEFT_OUT.test(tag.tag) || ('format' in tag && tag.format === 'TIME')) return [];
    if (!tag.tag.endsWith(':bool') || !('test' in tag) || tag.test === undefined) return [tag];
    return [{ ...tag, test: tag.test.test('true') ? TRUTHS.true : TRUTHS.false }];
  });
}

/** A text that was read, with places for what its tokens stand for: the same text need not be read again. */
export class Manifest {
  readonly #document: Document.Parsed;
  readonly #places: readonly Place[];

  /** Reads a text, as readers of Kubernetes do (YAML 1.1). @throws TemplateError */
  constructor(text: string, tokens: Tokens) {
    this.#document = parsed(text, tokens);
    this.#places = placesIn(this.#document, tokens);
  }

  /** The object, with what tokens stand for now. @throws TemplateError */
  filled(tokens: Tokens): unknown {
    for (const { node, path, read } of this.#places)
      node.value = valueOf(read, { isPlain: isPlain(node), path, tokens });
    try {
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch (failure) {
      throw new TemplateError(`What the template gives is no YAML: ${(failure as Error).message}.`);
    }
  }
}

/** A value in which there are tokens. */
interface Place {
  node: Scalar;
  path: FieldPath;
  /** With its tokens. */
  read: string;
}

function parsed(text: string, tokens: Tokens): Document.Parsed {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    logLevel: 'silent',
    customTags: heeded,
  });
  const [document, more] = Array.isArray(documents) ? documents.filter(one => one.contents !== null) : [];
  if (document === undefined) throw new TemplateError('The template gives an empty text, and no Job.');
  if (more !== undefined)
    throw new TemplateError('The template gives more than one document: one Job is made at a time.');
  const [error] = document.errors;
  if (error !== undefined)
    throw new TemplateError(
      `What the template gives is no YAML: ${tokens.filled(error.message.split('\n')[0] ?? '').replace(/[.:]$/, '')}.`,
    );
  return document;
}

/** Where tokens are; all other values become what their fields want. */
function placesIn(document: Document.Parsed, tokens: Tokens): Place[] {
  const places: Place[] = [];
  visit(document, (at, node, above) => {
    if (isPair(node)) {
      if (isScalar(node.key) ? tokens.isIn(String(node.key.value)) : node.key !== null && !isAlias(node.key))
        throw misplaced(pathOf(above), 'the name of a field');
      return;
    }
    if (isAlias(node)) {
      if (tokens.isIn(node.source)) throw misplaced(pathOf(above), 'the name of an anchor');
      return;
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return;
    if (tokens.isIn(node.anchor ?? '')) throw misplaced(pathOf(above), 'the name of an anchor');
    if (tokens.isIn(node.tag ?? '')) throw misplaced(pathOf(above), 'a tag');
    if (!isScalar(node) || at === 'key') return;
    const path = [...pathOf(above), ...(typeof at === 'number' ? [at] : [])];
    const read = node.value as Json;
    if (typeof read !== 'string') {
      if (isPlain(node)) node.value = fitting(path, read, read === null ? '' : (node.source ?? ''));
      return;
    }
    if (!tokens.isIn(read)) return;
    if (node.tag !== undefined && node.tag !== 'tag:yaml.org,2002:str')
      throw misplaced(path, `a value with the tag ${node.tag}`);
    places.push({ node, path, read });
  });
  return places;
}

const isPlain = ({ type, tag }: Scalar): boolean => type === 'PLAIN' && tag === undefined;

/** What a text with tokens is, in its field. `isPlain`: it is written without quotes. */
function valueOf(
  read: string,
  { isPlain, path, tokens }: { isPlain: boolean; path: FieldPath; tokens: Tokens },
): Json {
  const alone = isPlain ? tokens.alone(read) : undefined;
  if (alone !== undefined) return fitting(path, alone.value, alone.text);
  const text = tokens.filled(read);
  return isPlain ? fitting(path, text, text) : text;
}

/** The fields and places that lead to a node, outermost first. */
function pathOf(above: readonly unknown[]): (string | number)[] {
  const path: (string | number)[] = [];
  above.forEach((node, i) => {
    const next = above[i + 1];
    if (isPair(node)) path.push(keyOf(node));
    else if (isSeq(node) && next !== undefined) path.push(node.items.indexOf(next));
  });
  return path;
}

const keyOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);

function misplaced(path: FieldPath, what: string): TemplateError {
  const where = path.length === 0 ? 'The template' : `The template, below ${fieldName(path)},`;
  return new TemplateError(`${where} prints a value as ${what}: values can be printed within texts only.`);
}
