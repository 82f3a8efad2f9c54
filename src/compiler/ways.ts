import { DirectedGraph } from 'graphology';
import { type Node, upstream } from '../dsl/node.js';
import { isNode, labelOf } from './nodes.js';

/** Names shown at either end of a long way. */
const ENDS = 4;

/** A vertex on the shortest way to it from the output. */
interface Vertex {
  readonly label: string;
  readonly from: string | undefined;
  readonly top: readonly string[];
  readonly depth: number;
}

/** The graph as ways lead through it: vertices are what nodes read, edges run upstream; what is reached twice is one vertex. */
type Graph = DirectedGraph<{ readonly value: unknown }>;

const OUTPUT = '0';

/**
 * The shortest way from the output to a node, the middle of a long one left out: 'top ← concat ← rna'. Nothing is walked
 * through before the first is asked for, since few graphs have anything to be told.
 */
export function createWays(output: Node): (node: unknown) => string {
  let drawn: ReturnType<typeof draw> | undefined;
  return (node) => {
    drawn ??= draw(output);
    const { keys, vertices } = drawn;
    const to = vertices.get(keys.get(node) ?? OUTPUT);
    const { top = [], depth = 0 } = to ?? {};
    const bottom: string[] = [];
    const short = depth <= 2 * ENDS;
    for (let at = to; at !== undefined && bottom.length < (short ? depth + 1 : ENDS); at = vertices.get(at.from ?? ''))
      bottom.unshift(at.label);
    return (short ? bottom : [...top, '…', ...bottom]).join(' ← ');
  };
}

/** The keys of all that the output is made of, and how each is reached, in breadth. */
function draw(output: Node) {
  const graph: Graph = new DirectedGraph();
  const keys = new Map<unknown, string>();
  const keyOf = (value: unknown): string => {
    const known = keys.get(value);
    if (known !== undefined) return known;
    const key = String(keys.size);
    keys.set(value, key);
    graph.addNode(key, { value });
    return key;
  };
  keyOf(output);
  for (const [value, key] of keys)
    if (isNode(value)) for (const source of upstream(value)) graph.mergeDirectedEdge(key, keyOf(source));

  const vertices = new Map<string, Vertex>();
  const visit = (key: string, from: string | undefined): void => {
    const above = from === undefined ? undefined : vertices.get(from);
    const label = labelOf(graph.getNodeAttribute(key, 'value'));
    const [top, depth] = above === undefined ? [[], 0] : [above.top, above.depth + 1];
    vertices.set(key, { label, from, top: depth < ENDS ? [...top, label] : top, depth });
  };
  visit(OUTPUT, undefined);
  for (const key of vertices.keys())
    for (const source of graph.outNeighbors(key)) if (!vertices.has(source)) visit(source, key);
  return { keys, vertices };
}
