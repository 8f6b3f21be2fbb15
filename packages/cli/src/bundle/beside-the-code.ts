/*
 * Finds ways to what lies beside a module that a bundle cannot follow: from there they would lead elsewhere,
 * without a word. Pure.
 */
import { codeOnly } from './code-only.js';
import type { RewriteProblem } from './rewrite-module.js';

const ELSEWHERE = 'is of the bundle when this runs, not of this module';
const ONE_BY_ONE = "name each module: ({ a: () => import('./a.js'), b: () => import('./b.js') })[name]()";
/** Whether there can be something to find; most modules have nothing. */
const SUSPECT = /import\.meta|__dirname|__filename|\bimport\s*\(|\brequire\b|design:(?:type|param|return)/;

/** A way, where it is in the code, and what is wrong with it; undefined for one that can be followed. */
interface Way {
  pattern: RegExp;
  says: (found: { word: string; before: string; after: string; file: string }) => string | undefined;
}

const WAYS: readonly Way[] = [
  {
    pattern: /\bimport\.meta\.(?:dirname|filename)\b|(?<![\w$.])__(?:dirname|filename)\b/g,
    says: ({ word, before, file }) =>
      /(?:const|let|var)\s+$/.test(before)
        ? undefined
        : `"${word}" ${ELSEWHERE}. Write new URL('${file}', import.meta.url), which brings the file along`,
  },
  {
    pattern: /\bimport\.meta\.url\b/g,
    says: ({ word, before, after, file }) => {
      if (/[!=]==?\s*$/.test(before) || /^\s*[!=]==?/.test(after)) return undefined;
      if (/\bcreateRequire\s*\(\s*$/.test(before))
        return `What "createRequire(${word})" requires does not come along. Import it: import data from '${file}'`;
      const target = /new\s+URL\(\s*(['"`])([^'"`$\n]*)\1\s*,\s*$/.exec(before)?.[2];
      // The ones that begin so are brought along, or are no files.
      if (target !== undefined && /^(?:\.{1,2}\/|[a-z][\w+.-]*:)/i.test(target)) return undefined;
      return `"${word}" ${ELSEWHERE}. Write new URL('${file}', import.meta.url), with the name as it is, which brings the file along`;
    },
  },
  {
    pattern: /(?<![\w$.])import\s*\(\s*(?!\s|(['"`])\s*\1\s*[,)]|$)/g,
    says: () =>
      `What is imported here by a name that is made up when this runs does not come along: ${ONE_BY_ONE}`,
  },
  {
    pattern: /\bimport\.meta\.resolve\s*\(/g,
    says: ({ after, file }) =>
      /^\s*(['"`])(?!\.{1,2}\/)[^'"`$\n]*\1/.test(after)
        ? undefined
        : `"import.meta.resolve" begins at the bundle when this runs. Write new URL('${file}', import.meta.url)`,
  },
  {
    pattern: /(?<![\w$.])require(?:\.resolve\s*\(|\s*\(\s*(?!\s|(['"`])\s*\1\s*[,)]|$))/g,
    says: ({ before }) =>
      /\bfunction\s+$/.test(before)
        ? undefined
        : `What is required here does not come along. Import it by its name: import data from './data.json'`,
  },
];

/** @param fileBeside a file beside the module that its text names, for what is to be written instead. */
export function waysElsewhere(source: string, fileBeside: () => string | undefined): RewriteProblem[] {
  if (!SUSPECT.test(source)) return [];
  const code = codeOnly(source);
  const found = WAYS.flatMap(({ pattern, says }) =>
    [...code.matchAll(pattern)].flatMap(({ 0: word, index }) => {
      const after = source.slice(index + word.length);
      const before = source.slice(Math.max(0, index - 300), index);
      const message = says({ word, before, after, file: fileBeside() ?? './data.json' });
      return message === undefined ? [] : [{ at: index, message }];
    }),
  );
  for (const { index } of source.matchAll(/(['"`])design:(?:type|paramtypes|returntype)\1/g))
    found.push({
      at: index,
      message:
        'Bundles have no types of decorated members (emitDecoratorMetadata). Give the type to the decorator',
    });
  return found.map(({ at, message }) => {
    const before = source.slice(0, at).split('\n');
    return { line: before.length, column: before.at(-1)?.length ?? 0, message };
  });
}
