/** The schema of what a container job runs. */
import * as z from 'zod';
import { orNull, refuseNonJson, scalar, text, textual, withDefault } from './field-schemas.js';

const LIST = { error: 'Expected a list such as ["python", "run.py"], a text for each argument' };
const words = z.array(scalar, LIST);
const EXIT_CODE = { error: 'Expected an exit code from 1 to 255' };
const codes = withDefault(z.array(z.int(EXIT_CODE).min(1, EXIT_CODE).max(255, EXIT_CODE)), () => []);
const exitCodes = z.strictObject({ skip: codes, final: codes });
/** What Kubernetes takes as the name of a variable. */
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, {
  error: 'Expected names of variables, such as "DAY"',
});
const absolute = text.regex(/^\/[^\0]*[^/\0]$/, {
  error: 'Expected the absolute path of a file within the container, such as "/tmp/result.json"',
});
const WORD = { error: 'Expected "none", "text", "json", {"file": …} or {"key": …}' };
const result = z.union(
  [
    z.enum(['none', 'text', 'json'], WORD),
    z.strictObject({ file: absolute }),
    z.strictObject({ key: textual }),
  ],
  WORD,
);

/** What a container job runs. */
export const container = z
  .strictObject(
    {
      image: textual.refine(v => v !== '', { error: 'Expected the name of an image' }),
      command: orNull(words.min(1, LIST)),
      args: withDefault(words, () => []),
      env: withDefault(z.record(variable, scalar, { error: 'Expected an object of texts' }), () => ({})),
      workdir: orNull(textual),
      result: withDefault(result, () => 'none' as const),
      exitCodes: withDefault(exitCodes, () => ({ skip: [], final: [] })),
    },
    {
      error: issue =>
        issue.code === 'unrecognized_keys' ? undefined : 'Expected a container: an object with "image"',
    },
  )
  .check(refuseNonJson);

/** Fields of a container, for "Did you mean". */
export const CONTAINER_FIELDS = Object.keys(container.shape);
