/*
 * Rewrites the user's modules for a bundle. Pure.
 *
 * RW1 Lines stay where they are: what is added comes at the end, what is replaced takes as many lines as
 * before.
 */

/** The name that a file beside a module gets in the bundle. */
export type NameInBundle = (target: string) => { name: string } | { problem: string };

/** A mistake in a module. */
export interface RewriteProblem {
  /** From 1. */
  line: number;
  column: number;
  message: string;
}

/** A module as it is bundled. */
export interface Rewritten {
  text: string;
  problems: RewriteProblem[];
}

const URL_OF_FILE = /new\s+URL\(\s*(['"`])(\.{1,2}\/[^'"`$\n]*)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;
const ZOD = /^(\s*)import\s+(?:(\w+)|\{([^}]*)\})\s+from\s+(['"])zod\4/gm;

/**
 * Rewrites references to files beside a module: they are put into the bundle, under the names that `nameOf`
 * gives.
 */
export function rewriteFiles(text: string, nameOf: NameInBundle): Rewritten {
  const problems: RewriteProblem[] = [];
  const rewritten = text.replace(URL_OF_FILE, (...match: [string, string, string, number]) => {
    const [whole, , target, at] = match;
    if (isComment(text, at)) return whole;
    const found = nameOf(target);
    const breaks = '\n'.repeat(whole.split('\n').length - 1);
    if ('name' in found) return `new URL(${JSON.stringify(`./${found.name}`)}, import.meta.url${breaks})`;
    const before = text.slice(0, at).split('\n');
    problems.push({ line: before.length, column: before.at(-1)?.length ?? 0, message: found.problem });
    return whole;
  });
  return { text: rewritten, problems };
}

/** True after `//` on a line, and in a line of a block comment as people write them. */
function isComment(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^\s*(\*|\/\*|\/\/)/.test(line) || /(^|[^:'"`])\/\//.test(line);
}

/**
 * Imports zod as a namespace: `import { z }` gives an object that holds all of zod, of which nothing can be
 * left out; measured: 444 KB instead of 91 KB.
 */
export function rewriteZod(text: string): string {
  return text.replace(ZOD, (...found: [string, string, string?, string?]) => {
    const [whole, indent, single, names] = found;
    if (single !== undefined) return single === 'type' ? whole : `${indent}import * as ${single} from 'zod'`;
    const parts = (names ?? '')
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== '');
    const z = parts.find(part => /^z(\s+as\s+\w+)?$/.test(part));
    if (z === undefined) return whole;
    const rest = parts.filter(part => part !== z);
    const local = /\bas\s+(\w+)$/.exec(z)?.[1] ?? 'z';
    return `${indent}import * as ${local} from 'zod'${rest.length === 0 ? '' : `; import { ${rest.join(', ')} } from 'zod'`}`;
  });
}

/**
 * How a module imports itself: its path would be different on every machine, and so would the columns of its
 * source map.
 */
export const SELF = 'kt:self';

/** Ends a module that marks functions with a call that names what it exports. */
export function nameItself(text: string, module: string): string {
  return `${text}\n;import * as __kt_self from "${SELF}";import { nameExports as __kt_name } from "@kube-transform/sdk";__kt_name(${JSON.stringify(module)}, __kt_self);\n`;
}
