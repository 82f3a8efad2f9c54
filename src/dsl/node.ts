import type { Matrix } from '../matrix.js';
import type { Unusable } from '../matrix-input.js';
import type { StreamedMatrix } from '../streamed.js';
import type { AddOptions, ConditionOptions, InputOptions, NmfSpec, SharedOptions, SvdSpec } from './config.js';

/** Plain frozen data: a closed union without behaviour. What depends on the kind lives in the stage that needs it. */
export type Node = InputNode | SharedNode | LayerNode | ConcatNode | AddNode | ConditionNode;

export interface InputNode {
  readonly kind: 'input';
  readonly options: InputOptions;
  readonly data: Matrix | StreamedMatrix | Unusable;
}

export interface SharedNode {
  readonly kind: 'shared';
  readonly inputs: readonly Node[];
  readonly options?: SharedOptions;
}

/** NMF and SVD differ in `method` and `spec`, not in how they sit in a graph, so they are one node kind. */
export type LayerNode =
  | { readonly kind: 'layer'; readonly method: 'nmf'; readonly input: Node; readonly spec: NmfSpec }
  | { readonly kind: 'layer'; readonly method: 'svd'; readonly input: Node; readonly spec: SvdSpec };

export interface ConcatNode {
  readonly kind: 'concat';
  readonly inputs: readonly Node[];
}

export interface AddNode {
  readonly kind: 'add';
  readonly inputs: readonly Node[];
  readonly options?: AddOptions;
}

export interface ConditionNode {
  readonly kind: 'condition';
  readonly input: Node;
  readonly Z: Matrix | Unusable;
  readonly options?: ConditionOptions;
}

/** The nodes that a node reads, in order. */
export function upstream(node: Node): readonly Node[] {
  if (node.kind === 'input') return [];
  return node.kind === 'layer' || node.kind === 'condition' ? [node.input] : node.inputs;
}
