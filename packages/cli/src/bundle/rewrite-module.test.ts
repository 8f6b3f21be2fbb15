import { expect, test } from 'vitest';
import { rewriteFiles, rewriteZod } from './rewrite-module.js';

const named = (target: string): { name: string } => ({ name: `named-${target.replaceAll(/\W+/g, '-')}` });

test.each([
  ["import { z } from 'zod';", "import * as z from 'zod';"],
  ['import { z } from "zod"', "import * as z from 'zod'"],
  ["import z from 'zod';", "import * as z from 'zod';"],
  ["import { z as zod } from 'zod';", "import * as zod from 'zod';"],
  [
    "import { ZodError, z, type ZodType } from 'zod';",
    "import * as z from 'zod'; import { ZodError, type ZodType } from 'zod';",
  ],
  ["import type { z } from 'zod';", "import type { z } from 'zod';"],
  ["import { ZodError } from 'zod';", "import { ZodError } from 'zod';"],
  ["import { z } from 'zod/v4';", "import { z } from 'zod/v4';"],
  ["import * as z from 'zod';", "import * as z from 'zod';"],
])('rewriteZod - %s becomes a namespace where it is all of zod', (source, expected) => {
  expect(rewriteZod(source)).toBe(expected);
});

test('RW1: rewriteFiles - files beside a module get the names that they have in the bundle, and lines stay', () => {
  const source = `const a = new URL('./words.txt', import.meta.url);
new Worker(new URL( "../work.ts",
  import.meta.url ), { type: 'module' });
const { href } = new URL('https://example.org', import.meta.url);
// new URL('./no.txt', import.meta.url)
 * new URL('./no.txt', import.meta.url)
const built = new URL(\`./\${name}.txt\`, import.meta.url);`;
  const { text, problems } = rewriteFiles(source, named);
  expect(problems).toEqual([]);
  expect(text.split('\n')).toEqual([
    'const a = new URL("./named--words-txt", import.meta.url);',
    'new Worker(new URL("./named--work-ts", import.meta.url',
    "), { type: 'module' });",
    "const { href } = new URL('https://example.org', import.meta.url);",
    "// new URL('./no.txt', import.meta.url)",
    " * new URL('./no.txt', import.meta.url)",
    'const built = new URL(`./${name}.txt`, import.meta.url);',
  ]);
});

test('rewriteFiles - a file that is missing is a problem with its line and column', () => {
  const { problems } = rewriteFiles(
    "const x = 1;\n  read(new URL('./gone.txt', import.meta.url))",
    target => ({ problem: `no ${target}` }),
  );
  expect(problems).toEqual([{ line: 2, column: 7, message: 'no ./gone.txt' }]);
});
