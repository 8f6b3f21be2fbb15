/** The examples of public symbols, found in docstrings and made into modules that can be compiled and run. */
import { relative } from 'node:path';
import ts from 'typescript';
import { root } from '../kit/sources.js';

/** A symbol that a package exports. */
export interface PublicSymbol {
  name: string;
  /** Path and line of its declaration, from the root. */
  where: string;
  /** There is nothing of it when the program runs. */
  isType: boolean;
  examples: string[];
  /** Members of an interface or class that have no docstring. */
  silent: string[];
}

/** The symbols that a module exports, with the code of their `@example` blocks. */
export function publicSymbols(program: ts.Program, entry: string): PublicSymbol[] {
  const checker = program.getTypeChecker();
  const module = program.getSourceFile(entry);
  const symbol = module && checker.getSymbolAtLocation(module);
  if (symbol === undefined) throw new TypeError(`${entry} is no module of the program`);
  return checker.getExportsOfModule(symbol).map(exported => {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declarations = target.declarations ?? [];
    const examples = target
      .getJsDocTags(checker)
      .filter(({ name }) => name === 'example')
      .map(({ text }) => ts.displayPartsToString(text).trim());
    const silent = declarations.flatMap(silentMembers);
    const isType = (target.flags & ts.SymbolFlags.Value) === 0;
    return { name: exported.name, where: whereOf(declarations[0]), isType, examples, silent };
  });
}

function silentMembers(declaration: ts.Declaration): string[] {
  if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration)) return [];
  return [...declaration.members].flatMap(member => {
    const { name } = member;
    const told = name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name);
    return told || ts.getJSDocCommentsAndTags(member).length > 0 ? [] : [name.getText()];
  });
}

function whereOf(declaration: ts.Declaration | undefined): string {
  if (declaration === undefined) return 'nowhere';
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  return `${relative(root, file.fileName)}:${line + 1}`;
}

/** The code between the fences of an example; undefined where it has none. */
export const codeOf = (example: string): string | undefined => /^```ts\n([\s\S]*)\n```$/.exec(example)?.[1];

/**
 * The code as a module: names of `known` that it uses and does not declare are imported, in its first line.
 *
 * @param known public names, and the module each comes from.
 */
export function asModule(code: string, known: ReadonlyMap<string, string>): string {
  const imports = [...known].flatMap(([name, from]) =>
    uses(code, name) && !declares(code, name) ? [`import { ${name} } from '${from}';`] : [],
  );
  const zod = uses(code, 'z') && !code.includes("from 'zod'") ? ["import * as z from 'zod';"] : [];
  return `${[...imports, ...zod].join(' ')} export {};\n${code}\n`;
}

const uses = (code: string, name: string): boolean => new RegExp(`(?<![\\w']|[^.]\\.)${name}\\b`).test(code);
const declares = (code: string, name: string): boolean =>
  new RegExp(`\\b(const|function|class|interface|type) ${name}\\b|^import .*\\b${name}\\b`, 'm').test(code);

/** A statement and what the comment behind it says it comes to: `f(1); // → 2`, on its line or the next. */
const ARROW = /^[ \t]*\/\/ → (.*)$/;

/** The module with each `expression; // → value` made an expectation; undefined where it has none. */
export function asExpectations(module: string): string | undefined {
  const file = ts.createSourceFile('example.ts', module, ts.ScriptTarget.ES2023, true);
  let text = '';
  let end = 0;
  for (const statement of file.statements) {
    if (!ts.isExpressionStatement(statement)) continue;
    const [rest = '', next = ''] = module.slice(statement.end).split('\n');
    const value = (ARROW.exec(rest) ?? (rest.trim() === '' ? ARROW.exec(next) : null))?.[1];
    if (value === undefined) continue;
    const expression = statement.expression.getText(file);
    text += `${module.slice(end, statement.getStart(file))}expect(${expression}).toEqual(${value});`;
    end = statement.end;
  }
  return end === 0 ? undefined : text + module.slice(end);
}
