/** Draws the steps of a pipeline as an SVG image, laid out by dagre. */
import { Graph as Layout, layout } from '@dagrejs/dagre';
import type { Graph, GraphNode } from './graph.js';

const MARGIN = 16;
const HEIGHT = 48;
const CHAR_WIDTH = 7.5;
const MAX_CHARS = 48;
const FILL = { static: '#e8f0fe', map: '#e6f4ea', dynamic: '#fef7e0', container: '#f3e8fd' } as const;
const LINE = '#5f6368';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is used of dagre's graph; its own types lean on a package that has none. */
interface LayoutGraph {
  setGraph(options: object): LayoutGraph;
  setDefaultEdgeLabel(label: () => object): void;
  setNode(id: string, size: Pick<Box, 'width' | 'height'>): void;
  setEdge(from: string, to: string): void;
  graph(): { width?: number; height?: number };
  node(id: string): Box;
  edge(from: string, to: string): { points: { x: number; y: number }[] };
}

/** The graph as an SVG document. */
export function toSvg(graph: Graph): string {
  const laid = new (Layout as new () => LayoutGraph)().setGraph({
    rankdir: 'LR',
    nodesep: 24,
    ranksep: 56,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  laid.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) laid.setNode(node.id, { width: widthOf(node), height: HEIGHT });
  for (const { from, to } of graph.edges) laid.setEdge(from, to);
  (layout as (graph: LayoutGraph) => void)(laid);
  const { width = 2 * MARGIN, height = 2 * MARGIN } = laid.graph();
  const size = { width: Math.ceil(finite(width)), height: Math.ceil(finite(height)) };
  const edges = graph.edges.map(({ from, to }) => edgeOf(laid.edge(from, to).points));
  const nodes = graph.nodes.map(node => nodeOf(node, laid.node(node.id)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(graph.name)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="${LINE}"/></marker></defs>`,
    ...edges,
    ...nodes,
    '</svg>',
  ].join('\n');
}

const finite = (n: number): number => (Number.isFinite(n) ? n : 2 * MARGIN);
const rounded = (n: number): string => String(Math.round(n * 10) / 10);
const cutToFit = (text: string): string =>
  text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 1)}…` : text;
const widthOf = ({ name, detail }: GraphNode): number =>
  Math.max(80, 40 + CHAR_WIDTH * Math.max(cutToFit(name).length, cutToFit(detail).length));

/** Text as XML 1.0 has it; characters that it forbids are left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/\p{Surrogate}/gu, '\ufffd')
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function edgeOf(points: readonly { x: number; y: number }[]): string {
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${rounded(x)} ${rounded(y)}`).join('');
  return `<path d="${path}" fill="none" stroke="${LINE}" marker-end="url(#arrow)"/>`;
}

function nodeOf({ name, type, detail }: GraphNode, { x, y, width, height }: Box): string {
  const [left, top] = [x - width / 2, y - height / 2];
  const texts = [
    `<text x="${rounded(x)}" y="${rounded(detail === '' ? y + 4 : y - 3)}" text-anchor="middle" font-weight="600">${escaped(cutToFit(name))}</text>`,
    ...(detail === ''
      ? []
      : [
          `<text x="${rounded(x)}" y="${rounded(y + 14)}" text-anchor="middle" font-size="11" fill="${LINE}">${escaped(cutToFit(detail))}</text>`,
        ]),
  ];
  return `<g><title>${escaped(name)} (${type})</title>${nodeShape(type, { x: left, y: top, width, height })}${texts.join('')}</g>`;
}

/** A box; two boxes for a map; a hexagon for a dynamic step. */
function nodeShape(type: GraphNode['type'], { x, y, width, height }: Box): string {
  const style = `fill="${FILL[type]}" stroke="${LINE}"`;
  const rect = (dx: number, dy: number): string =>
    `<rect x="${rounded(x + dx)}" y="${rounded(y + dy)}" width="${rounded(width)}" height="${rounded(height)}" rx="6" ${style}/>`;
  if (type === 'static' || type === 'container') return rect(0, 0);
  if (type === 'map') return rect(4, -4) + rect(0, 0);
  const [right, bottom, middle, cut] = [x + width, y + height, y + height / 2, 14];
  const corners = [
    [x + cut, y],
    [right - cut, y],
    [right, middle],
    [right - cut, bottom],
    [x + cut, bottom],
    [x, middle],
  ];
  return `<polygon points="${corners.map(([px = 0, py = 0]) => `${rounded(px)},${rounded(py)}`).join(' ')}" ${style}/>`;
}
