import type { Node } from '../dsl/node.js';
import { examine, type MatrixFacts } from '../matrix-check.js';
import type { Collected } from './collect.js';

/** What one look at every matrix of a graph tells; nothing for data that is no matrix. */
export type Facts = ReadonlyMap<Node, MatrixFacts>;

export function survey(graph: Collected): Facts {
  const facts = new Map<Node, MatrixFacts>();
  for (const node of graph.order) {
    const data = node.kind === 'input' ? node.data : node.kind === 'condition' ? node.Z : undefined;
    if (data?.kind === 'dense' || data?.kind === 'csc') facts.set(node, examine(data));
  }
  return facts;
}
