/** Makes the graph of a pipeline's steps, and writes it as Mermaid or Graphviz. Pure. */
import type { KTJob, KTPipeline } from '@kube-transform/sdk';

/** What a graph can be written as. */
export type GraphFormat = 'mermaid' | 'dot' | 'svg';

/** A step as it is drawn. */
export interface GraphNode {
  id: string;
  name: string;
  type: KTJob['type'];
  /** Under the name: what it calls. */
  detail: string;
}

/** What is drawn. */
export interface Graph {
  name: string;
  nodes: GraphNode[];
  /** From a dependency to the step that waits on it, by id. */
  edges: { from: string; to: string }[];
}

/** The graph of a pipeline. */
export function graphOf(pipeline: KTPipeline): Graph {
  const ids = new Map(pipeline.jobs.map((job, i) => [job.name, `j${i}`]));
  const nodes = pipeline.jobs.map(job => ({
    id: ids.get(job.name) ?? '',
    name: job.name,
    type: job.type,
    detail: detailOf(job),
  }));
  const edges = pipeline.jobs.flatMap(job =>
    job.dependencies.map(from => ({ from: ids.get(from) ?? '', to: ids.get(job.name) ?? '' })),
  );
  return { name: pipeline.name, nodes, edges };
}

function detailOf({ type, function: fn, tasks, container, items }: KTJob): string {
  if (container !== null) {
    const unknown = container.image === null ? 'the image of the run' : 'an image of its own';
    const image = typeof container.image === 'string' ? container.image : unknown;
    return items === null ? image : `${image}, one an item`;
  }
  if (type !== 'static') return `${type} ${fn ?? ''}`.trim();
  const [first, ...rest] = tasks;
  if (first === undefined) return 'nothing to run';
  return rest.length === 0 ? (first.function ?? '') : `${tasks.length} tasks`;
}

const MERMAID = {
  static: ['[', ']'],
  map: ['[[', ']]'],
  dynamic: ['{{', '}}'],
  container: ['[/', '/]'],
} as const;
const DOT = { static: 'box', map: 'box3d', dynamic: 'hexagon', container: 'component' } as const;

/**
 * Mermaid, as GitHub shows it: boxes, doubled boxes for maps, hexagons for dynamic steps, slanted boxes for
 * containers.
 */
export function toMermaid({ nodes, edges }: Graph): string {
  const text = (value: string): string =>
    value.replaceAll(/[^\p{L}\p{N} ._\-/:,()]/gu, char => `#${char.codePointAt(0) ?? 0};`);
  const lines = nodes.map(({ id, name, type, detail }) => {
    const [open, close] = MERMAID[type];
    return `  ${id}${open}"${text(name)}${detail === '' ? '' : `<br/><small>${text(detail)}</small>`}"${close}`;
  });
  return ['flowchart LR', ...lines, ...edges.map(({ from, to }) => `  ${from} --> ${to}`)].join('\n');
}

/** Graphviz. */
export function toDot({ name, nodes, edges }: Graph): string {
  const text = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll(/\r?\n/g, '\\n');
  const lines = nodes.map(
    ({ id, name: of, type, detail }) =>
      `  ${id} [label="${text(of)}${detail === '' ? '' : `\\n${text(detail)}`}", shape=${DOT[type]}];`,
  );
  return [
    `digraph "${text(name)}" {`,
    '  rankdir=LR;',
    '  node [fontname="sans-serif"];',
    ...lines,
    ...edges.map(({ from, to }) => `  ${from} -> ${to};`),
    '}',
  ].join('\n');
}
