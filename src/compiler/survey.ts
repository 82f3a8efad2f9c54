import type { Node } from '../dsl/node.js';
import type { Matrix } from '../matrix.js';
import { examine, type MatrixFacts } from '../matrix-check.js';
import { toMatrix, type Unusable } from '../matrix-input.js';
import type { Collected } from './collect.js';

/** The data of a node: a matrix and what one look at it tells, or why it is none. */
export type Surveyed = { readonly matrix: Matrix; readonly facts: MatrixFacts } | { readonly matrix: Unusable };

/** The data of every input and condition. */
export type Survey = ReadonlyMap<Node, Surveyed>;

/** Looks at all data once; that of hand-made nodes is read as `factorInput` reads it. */
export function survey(graph: Collected): Survey {
  const found = new Map<Node, Surveyed>();
  for (const node of graph.order) {
    if (node.kind !== 'input' && node.kind !== 'condition') continue;
    const data: unknown = node.kind === 'input' ? node.data : node.Z;
    const matrix = isUnusable(data) ? data : toMatrix(data);
    found.set(node, matrix.kind === 'unusable' ? { matrix } : { matrix, facts: examine(matrix) });
  }
  return found;
}

const isUnusable = (data: unknown): data is Unusable =>
  typeof data === 'object' && data !== null && 'kind' in data && data.kind === 'unusable';
