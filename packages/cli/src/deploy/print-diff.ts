/** What a deployment would change, as a diff of YAML. */
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import { coloured, type Output } from '../terminal/output.js';
import { type Applied, withoutTraces } from '../cluster/apply-objects.js';

const CONTEXT_LINES = 2;

/** Prints the objects that would be created, changed or deleted. */
export function printDiff(applied: readonly Applied[], output: Output): void {
  const differing = applied.filter(({ outcome }) => outcome !== 'unchanged');
  for (const { object, before, after } of differing) {
    const name = `${object.kind ?? ''}/${object.metadata.name}`;
    const patch = createTwoFilesPatch(name, name, textOf(before), textOf(after), undefined, undefined, {
      context: CONTEXT_LINES,
    });
    for (const line of patch.trimEnd().split('\n').slice(1)) {
      output.out(
        line.startsWith('+')
          ? coloured('Completed', line)
          : line.startsWith('-')
            ? coloured('Failed', line)
            : line,
      );
    }
  }
  if (differing.length === 0) output.out('Nothing differs.');
}

/** As YAML; code is told by its size. */
function textOf(object: KubeObject | null): string {
  if (object === null) return '';
  const { binaryData, ...rest } = withoutTraces(object) as KubeObject & {
    binaryData?: Record<string, string>;
  };
  const sizes = Object.fromEntries(
    Object.entries(binaryData ?? {}).map(([name, text]) => [
      name,
      `${Math.floor((text.length * 3) / 4)} bytes`,
    ]),
  );
  return stringify(
    { ...rest, ...(binaryData === undefined ? {} : { binaryData: sizes }) },
    { aliasDuplicateObjects: false },
  );
}
