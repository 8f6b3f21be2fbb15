/** What the parser of arguments objects to, in our words. */
import { expect, test } from 'vitest';
import { usageProblem } from './usage-problem.js';

test.each([
  [
    'commander.unknownOption',
    "error: unknown option '--jsno'\n(Did you mean --json?)",
    {
      code: 'UNKNOWN_OPTION',
      message: 'Unknown option "--jsno".',
      hint: 'Did you mean "--json"? See kt runs --help.',
    },
  ],
  [
    'commander.unknownOption',
    "error: unknown option '--jso'\n(Did you mean one of --json, --jobs?)",
    {
      code: 'UNKNOWN_OPTION',
      message: 'Unknown option "--jso".',
      hint: 'Did you mean one of "--json, --jobs"? See kt runs --help.',
    },
  ],
  [
    'commander.missingArgument',
    "error: missing required argument 'run'",
    { code: 'MISSING_ARGUMENT', message: 'Missing required argument "run".', hint: 'See kt runs --help.' },
  ],
  [
    'commander.invalidArgument',
    "error: option '--keep <n>' argument 'x' is invalid. Expected a whole number.",
    {
      code: 'INVALID_ARGUMENT',
      message: 'Option "--keep <n>" argument "x" is invalid. Expected a whole number.',
      hint: 'See kt runs --help.',
    },
  ],
])('usageProblem - %s: %j', (code, message, problem) => {
  expect(usageProblem({ code, message }, 'kt runs')).toEqual({ path: 'kt runs', ...problem });
});
