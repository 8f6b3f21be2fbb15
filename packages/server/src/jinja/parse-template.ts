/** From the text of a template to its tree; what the parser lacks of Jinja is put into its words. */
import { messageOf } from '@kube-transform/runtime/internal';
import { TemplateError } from './template-error.js';
import { type Node, parse, type Token, tokenize } from './nodes.js';

const RAW = /\{%([-+]?)\s*raw\s*(-?)%\}([\s\S]*?)\{%(-?)\s*endraw\s*([-+]?)%\}/g;
const dash = (sign: string | undefined): string => (sign === '-' ? '-' : '');

/** What is not read as a template, as a constant that is printed. */
const rawAsConstant = (source: string): string =>
  source.replaceAll(RAW, (...match: string[]) => {
    const [, before, first, inner = '', last, after] = match;
    const kept = first === '-' ? inner.trimStart() : inner;
    return `{{${dash(before)} ${JSON.stringify(last === '-' ? kept.trimEnd() : kept)} ${dash(after)}}}`;
  });

/** The names under which tests with arguments are called: as filters, which the parser reads. */
export const testName = (test: string, negate: boolean): string => `${negate ? 'is not' : 'is'} ${test}`;

/** `a is divisibleby(3)`, `a is divisibleby 3`, `a is in b`: tests with arguments, as calls of filters. */
function testsAsFilters(tokens: readonly Token[]): Token[] {
  const found: Token[] = [];
  const isWord = (word: Token | undefined, ...words: string[]): boolean =>
    word?.type === 'Identifier' && (words.length === 0 || words.includes(word.value));
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const negate = isWord(tokens[at + 1], 'not');
    // "is in" is "in".
    if (isWord(token, 'is') && isWord(tokens[at + (negate ? 2 : 1)], 'in')) continue;
    const name = tokens[at + (negate ? 2 : 1)];
    const next = tokens[at + (negate ? 3 : 2)];
    const hasArgument =
      next?.type === 'OpenParen' || next?.type === 'NumericLiteral' || next?.type === 'StringLiteral';
    const isTest = isWord(token, 'is') && isWord(name) && hasArgument;
    if (!isTest) {
      found.push(token);
      continue;
    }
    found.push(
      { value: '|', type: 'Pipe' },
      { value: testName(name?.value ?? '', negate), type: 'Identifier' },
    );
    at += negate ? 2 : 1;
    if (next.type === 'OpenParen') continue;
    found.push({ value: '(', type: 'OpenParen' }, next, { value: ')', type: 'CloseParen' });
    at++;
  }
  return found;
}

/** The tree of a template. @throws TemplateError where it is none. */
export function parseTemplate(source: string): Node[] {
  // As Jinja does: line ends are one sign, and the last is no part of the text.
  const text = rawAsConstant(source.replaceAll(/\r\n?/g, '\n')).replaceAll(/(\{[%{])\+|\+([%}]\})/g, '$1$2');
  try {
    return parse(testsAsFilters(tokenize(text))).body;
  } catch (error) {
    // The parser falls over its own feet where the text ends too early.
    const why = error instanceof TypeError ? 'it ends within a block or an expression' : messageOf(error);
    throw new TemplateError(`The template cannot be read: ${why.replace(/\.$/, '')}.`);
  }
}
