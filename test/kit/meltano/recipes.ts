/** The overlays that docs/from-meltano-ext.md shows, as files. */
import { read } from '../sources.js';

export interface Recipe {
  title: string;
  /** Texts by their names within the overlay. */
  files: Map<string, string>;
}

/** Each heading below "Overlays" that has blocks of YAML. */
export function recipes(): Recipe[] {
  const [, overlays = ''] = read('docs/from-meltano-ext.md').split(/^## Overlays$/m);
  return overlays
    .split(/^## /m)[0]!
    .split(/^### /m)
    .slice(1)
    .map(section => ({
      title: section.split('\n')[0] ?? '',
      files: new Map(
        [...section.matchAll(/^```yaml\n# overlays\/prod\/(\S+)\n([\s\S]*?)^```$/gm)].map(
          ([, name = '', text = '']) => [name, text],
        ),
      ),
    }));
}
