import { describe, expect, test } from 'vitest';
import { waysElsewhere } from './beside-the-code.js';
import { codeOnly } from './code-only.js';

const found = (source: string): string[] =>
  waysElsewhere(source, () => './rates.json').map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

describe('a way to what lies beside the code is refused', () => {
  test.each([
    ['const here = __dirname;', '1:13 "__dirname" is of the bundle'],
    ['x;\nread(join(__filename, ".."));', '2:10 "__filename" is of the bundle'],
    [
      'read(import.meta.dirname);',
      "Write new URL('./rates.json', import.meta.url), which brings the file along",
    ],
    ['read(import.meta.filename);', '"import.meta.filename" is of the bundle'],
    [
      'const here = dirname(fileURLToPath(import.meta.url));',
      '1:35 "import.meta.url" is of the bundle when this runs, not of this module. Write new URL(\'./rates.json\', import.meta.url)',
    ],
    ['const u = new URL(name, import.meta.url);', 'with the name as it is'],
    ['const u = new URL(`./${name}.json`, import.meta.url);', 'with the name as it is'],
    ["const u = new URL('rates.json', import.meta.url);", "Write new URL('./rates.json', import.meta.url)"],
    ["createRequire(import.meta.url)('./x.json');", "Import it: import data from './rates.json'"],
    ["await import('./' + name + '.js');", 'name each module'],
    ['await import(`./${name}.js`);', 'name each module'],
    ['await import(name);', 'name each module'],
    ['await import(/* of the user */ name);', 'name each module'],
    ["import.meta.resolve('./x.js');", '"import.meta.resolve" begins at the bundle'],
    ['require(name);', 'Import it by its name'],
    ["require.resolve('./x.json');", 'Import it by its name'],
    ["Reflect.getMetadata('design:type', target, key);", 'emitDecoratorMetadata'],
    ['const t = `${join(__dirname, "x")}`;', '"__dirname" is of the bundle'],
    ['const quote = /[\'"]/; const here = __dirname;', '"__dirname" is of the bundle'],
  ])('%s', (source, says) => {
    expect(found(source)).toEqual([expect.stringContaining(says)]);
  });
});

test.each([
  "const u = new URL('./rates.json', import.meta.url);",
  "new Worker(new URL('../work.ts',\n  import.meta.url));",
  "const u = new URL('https://example.org', import.meta.url);",
  'if (import.meta.url === pathToFileURL(process.argv[1]).href) main();',
  'if (process.argv[1] === import.meta.url) main();',
  "await import('./a.js');",
  'await import(`./a.js`);',
  "await import(/* why */ './a.js');",
  "type A = typeof import('./a.js');",
  "const data = require('./data.json');",
  "import.meta.resolve('some-package');",
  '// __dirname, import(name)\n/* import.meta.dirname */',
  "const text = 'import(name) of __dirname';",
  'const text = `import.meta.dirname`;',
  'const pattern = /__dirname|import(name)/;',
  'context.require(name); files.import(name);',
  'const a = b / 2; const c = 4 / d;',
])('%s is let through', source => {
  expect(found(source)).toEqual([]);
});

test('codeOnly - all that stays stands where it was', () => {
  const source = "a('x', `y${b ? `z${{ c: '}' }.c}` : \"\"}w`) // d\n/* e\n */ f / g; return /h'/.i";
  const code = codeOnly(source);
  expect(code).toBe("a(' ', ` ${b ? ` ${{ c: ' ' }.c}` : \"\"} `)     \n    \n    f / g; return     .i");
  expect(code.length).toBe(source.length);
});
