import { type Node, upstream } from '../dsl/node.js';
import { type GraphIssue, show } from '../issues.js';
import { isNode, labelOf } from './nodes.js';
import { createWays } from './ways.js';

/** All nodes that an output is made of, each once. */
export interface Collected {
  readonly output: Node;
  /** Upstream first, branches in the order in which they were given. */
  readonly order: readonly Node[];
  /** The way from the output to a node: 'top ← concat ← rna'. */
  readonly where: (node: unknown) => string;
  readonly issues: readonly GraphIssue[];
}

/** A value that has been come to, and how many of those that it reads have been gone through. */
interface Visit {
  readonly value: unknown;
  readonly sources: readonly unknown[];
  next: number;
}

/**
 * Walks the graph up from its output, depth first; finds what is no node, and roads that lead back to themselves. Without
 * recursion, since a chain may be any length.
 */
export function collect(output: Node): Collected {
  const where = createWays(output);
  const issues: GraphIssue[] = [];
  const order: Node[] = [];
  let cycle: GraphIssue | undefined;
  const done = new Set<unknown>();
  const open = new Set<unknown>();
  const way: Visit[] = [];
  const enter = (value: unknown): void => {
    const sound = isNode(value);
    if (!sound) issues.push({ code: 'invalid-node', got: show(value), at: where(value) });
    open.add(value);
    way.push({ value, sources: sound ? upstream(value) : [], next: 0 });
  };
  enter(output);
  for (let visit = way.at(-1); visit !== undefined; visit = way.at(-1)) {
    const { value, sources } = visit;
    if (visit.next === sources.length) {
      way.pop();
      open.delete(value);
      done.add(value);
      if (isNode(value)) order.push(value);
      continue;
    }
    const source = sources[visit.next++];
    if (open.has(source)) {
      const values = way.map((above) => above.value);
      const nodes = [...values.slice(values.indexOf(source)), source].map(labelOf);
      cycle ??= { code: 'cycle', nodes, at: where(source) };
    } else if (!done.has(source)) enter(source);
  }
  return cycle === undefined
    ? { output, order, where, issues }
    : { output, order: [], where, issues: [...issues, cycle] };
}
