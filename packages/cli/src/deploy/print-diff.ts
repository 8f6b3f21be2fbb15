/** Prints what a deployment would change, as a diff of YAML. */
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import type { ConfigMap, KubeObject } from '@kube-transform/runtime/kubernetes';
import { coloured, type Output } from '../terminal/output.js';
import { type Applied, withoutTraces } from '../cluster/apply-objects.js';

const CONTEXT_LINES = 2;

/** Prints the objects that would be created, changed or deleted. */
export function printDiff(applied: readonly Applied[], output: Output): void {
  const differing = applied.filter(({ outcome }) => outcome !== 'unchanged');
  for (const { object, before, after } of differing) {
    const name = `${object.kind ?? ''}/${object.metadata.name}`;
    const patch = createTwoFilesPatch(name, name, yamlText(before), yamlText(after), undefined, undefined, {
      context: CONTEXT_LINES,
    });
    for (const line of patch.trimEnd().split('\n').slice(1)) {
      if (line.startsWith('+')) output.out(coloured('Completed', line));
      else output.out(line.startsWith('-') ? coloured('Failed', line) : line);
    }
  }
  if (differing.length === 0) output.out('Nothing differs.');
}

/** As YAML; code is told by its size. */
function yamlText(object: KubeObject | null): string {
  if (object === null) return '';
  const { binaryData, ...rest }: ConfigMap = withoutTraces(object);
  const sizes = Object.entries(binaryData ?? {}).map(([name, text]): [string, string] => [
    name,
    `${Math.floor((text.length * 3) / 4)} bytes`,
  ]);
  const shown = sizes.length === 0 ? rest : { ...rest, binaryData: Object.fromEntries(sizes) };
  return stringify(shown, { aliasDuplicateObjects: false });
}
