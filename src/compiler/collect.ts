import { DirectedGraph } from 'graphology';
import { match } from 'ts-pattern';
import { type Node, upstream } from '../dsl/node.js';
import { type GraphIssue, show } from '../issues.js';

/** All nodes that an output is made of, each once. */
export interface Collected {
  readonly output: Node;
  /** Upstream first, branches in the order in which they were given. */
  readonly order: readonly Node[];
  /** The way from the output to a node: 'top ← concat ← rna'. */
  readonly where: (node: unknown) => string;
  readonly issues: readonly GraphIssue[];
}

/** Vertices are the nodes, edges run downstream; a node reached twice is one vertex. */
type Graph = DirectedGraph<{ value: unknown }>;

const OUTPUT = '0';
const KINDS = ['input', 'shared', 'layer', 'concat', 'add', 'condition'];

/** Walks the graph up from its output; finds what is no node, and roads that lead back to themselves. */
export function collect(output: Node): Collected {
  const graph: Graph = new DirectedGraph();
  const keys = new Map<unknown, string>();
  const strangers: unknown[] = [];
  const way = createWays(graph);
  const where = (node: unknown): string => way(keys.get(node) ?? OUTPUT);

  const enter = (value: unknown): string => {
    const known = keys.get(value);
    if (known !== undefined) return known;
    const key = String(keys.size);
    keys.set(value, key);
    graph.addNode(key, { value });
    waiting.push(key);
    return key;
  };
  const waiting: string[] = [];
  enter(output);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const { value } = graph.getNodeAttributes(key);
    if (isNode(value)) for (const source of upstream(value)) graph.mergeDirectedEdge(enter(source), key);
    else strangers.push(value);
  }

  const issues: GraphIssue[] = strangers.map((value) => ({ code: 'invalid-node', got: show(value), at: where(value) }));
  const { order, cycle } = upstreamFirst(graph);
  const values = (list: readonly string[]) => list.map((key) => graph.getNodeAttributes(key).value);
  if (cycle.length > 0) issues.push({ code: 'cycle', nodes: values(cycle).map(labelOf), at: way(cycle[0]) });
  return { output, order: values(order).filter(isNode), where, issues };
}

/** Whether a value has the shape of a node; hand-made ones are welcome. */
export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (!KINDS.some((kind) => kind === value.kind)) return false;
  if (value.kind === 'layer')
    return 'input' in value && 'method' in value && (value.method === 'nmf' || value.method === 'svd');
  if (value.kind === 'condition') return 'input' in value;
  return value.kind === 'input' || ('inputs' in value && Array.isArray(value.inputs));
}

/** Depth first from the output, without recursion, since a chain may be any length. */
function upstreamFirst(graph: Graph): { order: readonly string[]; cycle: readonly string[] } {
  const order: string[] = [];
  const done = new Set<string>();
  const open = new Set([OUTPUT]);
  const stack = [{ key: OUTPUT, sources: graph.inNeighbors(OUTPUT).values() }];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const next = frame.sources.next();
    if (next.done) {
      stack.pop();
      open.delete(frame.key);
      done.add(frame.key);
      order.push(frame.key);
    } else if (open.has(next.value)) {
      const keys = stack.map(({ key }) => key);
      return { order: [], cycle: [...keys.slice(keys.indexOf(next.value)), next.value] };
    } else if (!done.has(next.value)) {
      open.add(next.value);
      stack.push({ key: next.value, sources: graph.inNeighbors(next.value).values() });
    }
  }
  return { order, cycle: [] };
}

/** A node's name, or its kind where it has none. */
export function labelOf(node: unknown): string {
  if (!isNode(node)) return '?';
  const named: unknown = node.kind === 'layer' ? node.spec : node.kind === 'input' ? node.options : undefined;
  const name = typeof named === 'object' && named !== null && 'name' in named ? named.name : undefined;
  return typeof name === 'string' && name !== '' ? name : node.kind;
}

/** A node in a sentence: 'input rna', 'factorConcat'. */
export const named = (node: Node): string =>
  node.kind === 'input' || node.kind === 'layer' ? `${node.kind} ${labelOf(node)}` : titleOf(node);

/** What the user called to make a node. */
export const titleOf = (node: Node): string =>
  match(node.kind)
    .with('input', () => 'factorInput')
    .with('layer', () => labelOf(node))
    .with('shared', () => 'factorShared')
    .with('concat', () => 'factorConcat')
    .with('add', () => 'factorAdd')
    .with('condition', () => 'factorCondition')
    .exhaustive();

/** Names shown at either end of a long way. */
const ENDS = 4;

/** The shortest way from the output to a vertex, the middle of a long one left out; walked through once, when first asked. */
function createWays(graph: Graph): (to: string) => string {
  const vertices = new Map<
    string,
    {
      readonly label: string;
      readonly from: string | undefined;
      readonly top: readonly string[];
      readonly depth: number;
    }
  >();
  const visit = (key: string, from: string | undefined): void => {
    const above = from === undefined ? undefined : vertices.get(from);
    const label = labelOf(graph.getNodeAttributes(key).value);
    const [top, depth] = above === undefined ? [[], 0] : [above.top, above.depth + 1];
    vertices.set(key, { label, from, top: depth < ENDS ? [...top, label] : top, depth });
  };
  return (to) => {
    if (vertices.size === 0) {
      visit(OUTPUT, undefined);
      for (const key of vertices.keys()) {
        for (const source of graph.inNeighbors(key)) if (!vertices.has(source)) visit(source, key);
      }
    }
    const { top = [], depth = 0 } = vertices.get(to) ?? {};
    const bottom: string[] = [];
    const short = depth <= 2 * ENDS;
    for (
      let at = vertices.get(to);
      at !== undefined && bottom.length < (short ? depth + 1 : ENDS);
      at = vertices.get(at.from ?? '')
    ) {
      bottom.unshift(at.label);
    }
    return (short ? bottom : [...top, '…', ...bottom]).join(' ← ');
  };
}
