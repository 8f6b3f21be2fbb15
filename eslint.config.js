// The manners of this house, as rules: each says why in its message.
import tseslint from 'typescript-eslint';

const quiet = [
  { name: 'console', message: 'Printing goes through the output port or ctx.log.' },
  { name: 'process', message: 'This folder does not know the process it runs in.' },
];
const timeless = ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance', 'fetch'].map(name => ({
  name,
  message: 'Time and IO come through ports.',
}));
/** Kinds of code that this house does without, each with what to do instead. */
const without = (message, ...selectors) => selectors.map(selector => ({ selector, message }));
const READ = without(
  'What is read is parsed: give it a shape, see packages/runtime/src/parse.',
  'CallExpression[callee.object.name="JSON"][callee.property.name="parse"]',
  'CallExpression[callee.property.name="json"][arguments.length=0]:not([callee.object.name="z"])',
  'TSAsExpression > CallExpression[callee.name=/^(parseJson|tryJson)$/]',
);
const CHANNEL = without(
  'Functions speak on that channel too: ours is packages/runtime/src/process/line-channel.ts.',
  'MemberExpression[object.name="process"][property.name=/^(send|disconnect|connected|channel)$/]',
  'CallExpression[callee.property.name=/^(on|once)$/][arguments.0.value=/^(message|disconnect)$/]',
  'CallExpression[callee.name="fork"]',
);
const SPREAD = without(
  'A list as arguments overflows the stack from some 100,000 on: take the list, or loop.',
  'CallExpression > SpreadElement',
  'NewExpression > SpreadElement',
);
const TIME = without(
  'The time of day jumps when somebody sets the clock: how long something takes is told by `clock.elapsedMs()`.',
  'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
  'BinaryExpression > CallExpression[callee.property.name="nowMs"]',
);
const TEST_TIME = without(
  'The time of day passes while a test runs, and figures made from it round differently once in a while: give one.',
  'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
);
const WAY_OUT = without(
  'There is one way out of a process: packages/cli/src/terminal/way-out.ts; of pods, packages/runtime/src/entry.',
  'MemberExpression[object.name="process"][property.name=/^(exit|exitCode|abort|reallyExit)$/]',
);
const SHARED_SIGNAL = without(
  'A signal that all calls share gathers their listeners, and Node warns of a leak from the eleventh on: make one a call.',
  'Program > VariableDeclaration NewExpression[callee.name="AbortController"]:not(:function *)',
);
/** Folders without time, chance or IO. Which folder imports which: the table in ARCHITECTURE.md, held by test/house.test.ts. */
const PURE = [
  'packages/sdk/src/**/*.ts',
  'packages/runtime/src/{core,engine,worker,run-store,reporting,files,ports}/*.ts',
];

const WHOLE_ZOD = [
  {
    selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
    message: "Write import * as z from 'zod': of an object no bundler leaves out what is not used (400 KB).",
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.kt/**',
      '**/*.js',
      '**/*.mjs',
      '**/templates/**',
      'test/fixtures/dialects/**',
      'docs/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.json',
          'packages/runtime/src/core/tsconfig.json',
          'tsconfig.check.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-len': [
        'error',
        {
          code: 110,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignorePattern: 'eslint-disable',
        },
      ],
      'max-params': ['error', { max: 3 }],
      'no-console': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowNullish: false, allowBoolean: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    files: PURE,
    ignores: ['**/*.test.ts', 'packages/runtime/src/run-store/lease.ts'],
    rules: { 'no-restricted-globals': ['error', ...quiet, ...timeless] },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: [
      '**/*.test.ts',
      'packages/runtime/src/parse/parse-json.ts',
      'packages/formats/src/json-lines.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...READ,
        ...CHANNEL,
        ...SPREAD,
        ...TIME,
        ...SHARED_SIGNAL,
        ...WAY_OUT,
        ...WHOLE_ZOD,
      ],
    },
  },
  {
    files: ['packages/cli/src/terminal/way-out.ts', 'packages/runtime/src/entry/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...READ, ...CHANNEL, ...SPREAD, ...TIME, ...SHARED_SIGNAL] },
  },
  {
    files: ['**/*.test.ts', '**/*.test-d.ts', 'test/**', 'examples/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      'max-params': 'off',
    },
  },
  {
    files: ['packages/*/src/**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...TEST_TIME] },
  },
  {
    files: [
      'packages/cli/src/terminal/output.ts',
      'packages/runtime/src/process/console-capture.ts',
      'bench/functions/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
);
