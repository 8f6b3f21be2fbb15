/** The graph of a pipeline's steps, as Mermaid and Graphviz. */
import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { graphOf, toDot, toMermaid } from './graph.js';

const graph = graphOf(
  mustParsePipeline({
    name: 'odd "quotes"',
    jobs: [
      { type: 'static', name: 'a "b" <c>\n\\d', tasks: [{ function: 'f' }, { function: 'g' }] },
      { type: 'map', name: 'm]] --> x', function: 'f', items: [1], dependencies: ['a "b" <c>\n\\d'] },
      { type: 'dynamic', name: 'grow', function: 'h', dependencies: ['m]] --> x', 'a "b" <c>\n\\d'] },
      { type: 'static', name: 'one', tasks: [{ function: 'mod.f' }] },
      { type: 'static', name: 'none', tasks: [] },
    ],
  }),
);

test('graphOf - a node for each step, an edge for each dependency', () => {
  expect(graph.nodes.map(({ id, type, detail }) => [id, type, detail])).toEqual([
    ['j0', 'static', '2 tasks'],
    ['j1', 'map', 'map f'],
    ['j2', 'dynamic', 'dynamic h'],
    ['j3', 'static', 'mod.f'],
    ['j4', 'static', 'nothing to run'],
  ]);
  expect(graph.edges).toEqual([
    { from: 'j0', to: 'j1' },
    { from: 'j1', to: 'j2' },
    { from: 'j0', to: 'j2' },
  ]);
});

test('toMermaid - what means something to Mermaid is written as its code', () => {
  expect(toMermaid(graph)).toBe(`flowchart LR
  j0["a #34;b#34; #60;c#62;#10;#92;d<br/><small>2 tasks</small>"]
  j1[["m#93;#93; --#62; x<br/><small>map f</small>"]]
  j2{{"grow<br/><small>dynamic h</small>"}}
  j3["one<br/><small>mod.f</small>"]
  j4["none<br/><small>nothing to run</small>"]
  j0 --> j1
  j1 --> j2
  j0 --> j2`);
});

test('toDot - quotes, backslashes and line breaks are escaped', () => {
  expect(toDot(graph)).toBe(`digraph "odd \\"quotes\\"" {
  rankdir=LR;
  node [fontname="sans-serif"];
  j0 [label="a \\"b\\" <c>\\n\\\\d\\n2 tasks", shape=box];
  j1 [label="m]] --> x\\nmap f", shape=box3d];
  j2 [label="grow\\ndynamic h", shape=hexagon];
  j3 [label="one\\nmod.f", shape=box];
  j4 [label="none\\nnothing to run", shape=box];
  j0 -> j1;
  j1 -> j2;
  j0 -> j2;
}`);
});
