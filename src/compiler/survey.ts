import { isTurned, maskOf } from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { isMasked, toMaskedMatrix } from '../mask.js';
import type { Floats, Matrix } from '../matrix.js';
import { examine, type Look, type MatrixFacts } from '../matrix-check.js';
import { isMade, type Unusable } from '../matrix-input.js';
import type { Side } from '../objective.js';
import type { Collected } from './collect.js';

/** A matrix and what one look at it tells, or why it is none. */
export type Surveyed = { readonly matrix: Matrix; readonly facts: MatrixFacts } | { readonly matrix: Unusable };

export interface Survey {
  /** The data of every input and condition. */
  readonly data: ReadonlyMap<Node, Surveyed>;
  /** The factors that layers are given to begin from. */
  readonly starts: ReadonlyMap<Node, Readonly<Record<Side, Surveyed>>>;
}

/** How numbers are looked at. */
export type Eyes = (values: Floats) => Look;

/** Looks at all matrices once; those of hand-made nodes are read as the builders read them. */
export function survey(graph: Collected, eyes: Eyes): Survey {
  // What the builders made has been turned and masked already.
  const look = (data: unknown, options?: unknown): Surveyed => {
    const turned = !isMade(data) && isTurned(options);
    const matrix = isUnusable(data) || isMasked(data) ? data : toMaskedMatrix(data, maskOf(options), turned);
    return matrix.kind === 'unusable' ? { matrix } : { matrix, facts: examine(matrix, eyes) };
  };
  const data = new Map<Node, Surveyed>();
  const starts = new Map<Node, Readonly<Record<Side, Surveyed>>>();
  for (const node of graph.order) {
    if (node.kind === 'input') data.set(node, look(node.data, node.options));
    if (node.kind === 'condition') data.set(node, look(node.Z, node.options));
    if (node.kind !== 'layer' || node.method !== 'nmf') continue;
    const start: unknown = node.spec?.start;
    if (typeof start !== 'object' || start === null || !('W' in start && 'H' in start)) continue;
    starts.set(node, { W: look(start.W), H: look(start.H) });
  }
  return { data, starts };
}

const isUnusable = (data: unknown): data is Unusable =>
  typeof data === 'object' && data !== null && 'kind' in data && data.kind === 'unusable';
