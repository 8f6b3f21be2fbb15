/** From the text of a template to its tree; what the parser lacks of Jinja is put into its words. */
import { parse, tokenize } from '@huggingface/jinja';
import { messageOf } from '@kube-transform/runtime/internal';
import { TemplateError } from './template-error.js';
import type { Node } from './nodes.js';

type Token = ReturnType<typeof tokenize>[number];

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
  const isWord = (token: Token | undefined, ...words: string[]): boolean =>
    token?.type === 'Identifier' && (words.length === 0 || words.includes(token.value));
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const negate = isWord(tokens[at + 1], 'not');
    const name = tokens[at + (negate ? 2 : 1)];
    const next = tokens[at + (negate ? 3 : 2)];
    const hasArgument =
      next?.type === 'OpenParen' || next?.type === 'NumericLiteral' || next?.type === 'StringLiteral';
    const isTest = isWord(token, 'is') && isWord(name) && hasArgument;
    if (!isTest) {
      found.push(token);
      continue;
    }
    found.push(like(token, '|', 'Pipe'), like(token, testName(name?.value ?? '', negate), 'Identifier'));
    at += negate ? 2 : 1;
    if (next.type === 'OpenParen') continue;
    found.push(like(token, '(', 'OpenParen'), next, like(token, ')', 'CloseParen'));
    at++;
  }
  return found;
}

function like(token: Token, value: string, type: Token['type']): Token {
  return Object.assign(Object.create(Object.getPrototypeOf(token) as object) as Token, { value, type });
}

/** The tree of a template. @throws TemplateError where it is none. */
export function parseTemplate(source: string): Node[] {
  // As Jinja does: line ends are one sign, and the last is no part of the text.
  const text = rawAsConstant(source.replaceAll(/\r\n?/g, '\n')).replaceAll(/(\{[%{])\+|\+([%}]\})/g, '$1$2');
  try {
    return parse(testsAsFilters(tokenize(text))).body as unknown as Node[];
  } catch (error) {
    // The parser falls over its own feet where the text ends too early.
    const why = error instanceof TypeError ? 'it ends within a block or an expression' : messageOf(error);
    throw new TemplateError(`The template cannot be read: ${why.replace(/\.$/, '')}.`);
  }
}
