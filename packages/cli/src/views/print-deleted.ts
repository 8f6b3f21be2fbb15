/** What `kt gc` deleted, or would. */
import { type Deleted, HERE } from '../backends/backend.js';
import { bytes, type Output, plural } from '../terminal/output.js';

/** How it is printed. */
interface Print {
  output: Output;
  json: boolean;
  /** Nothing was deleted. */
  dryRun: boolean;
}

/** Prints what was deleted, a line each, and how much it was; as one object with `json`. */
export function printDeleted(deleted: readonly Deleted[], { output, json, dryRun }: Print): void {
  const total = deleted.reduce((sum, entry) => sum + entry.bytes, 0);
  if (json) {
    const entries = deleted.map(({ where, ...entry }) => (where === HERE ? entry : { ...entry, where }));
    output.out(JSON.stringify({ dryRun, bytes: total, deleted: entries }));
    return;
  }
  for (const { kind, name, bytes: size, where } of deleted) {
    const there = where === HERE ? '' : ` in ${where}`;
    output.out(`${dryRun ? 'would delete' : 'deleted'} ${kind} ${name}${there}  ${bytes(size)}`);
  }
  const entries = plural(deleted.length, 'entry').replace(/entrys$/, 'entries');
  const dry = dryRun ? ' (dry run: nothing was deleted)' : '';
  output.out(deleted.length === 0 ? 'Nothing to delete.' : `${entries}, ${bytes(total)}${dry}.`);
}
