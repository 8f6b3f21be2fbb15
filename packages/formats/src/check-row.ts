/** Rows checked by a schema; one that does not fit is an error that says where it stands. */
import { issuePath, KtError, type StandardSchema } from '@kube-transform/sdk';

const SHOWN = 80;

/** A row as its schema hands it on. @throws KtError `BAD_ROW` with file, place, column and value. */
export async function checkRow<T>(
  row: unknown,
  schema: StandardSchema<unknown, T>,
  where: () => string | Promise<string>,
): Promise<T> {
  const given = schema['~standard'].validate(row);
  const result = given instanceof Promise ? await given : given;
  if (result.issues === undefined) return result.value;
  const place = await where();
  throw new KtError(
    result.issues.map(issue => {
      const column = issuePath(issue);
      const what = column === '' ? '' : `, column "${column}"`;
      const seen = shown(valueAt(row, issue.path ?? []));
      return {
        code: 'BAD_ROW',
        path: column,
        message: `${place}${what}: ${issue.message.replace(/\.$/, '')}; it is ${seen}.`,
        hint: 'Mend the row, or let the schema take it.',
      };
    }),
  );
}

type Keys = readonly (PropertyKey | { readonly key: PropertyKey })[];

function valueAt(row: unknown, keys: Keys): unknown {
  let value = row;
  for (const part of keys) {
    const key = typeof part === 'object' ? part.key : part;
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** A value in a message: not longer than a line. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value !== 'string')
    return typeof value === 'object' && value !== null ? 'an object' : String(value);
  const text = value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
  return `"${text.replaceAll(/[\r\n]+/g, '⏎')}"`;
}
