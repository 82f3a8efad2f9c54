import type { Node } from './node.js';
import { addOptions, conditionOptions, inputOptions, nmfSpec, noOptions, sharedOptions, svdSpec } from './schemas.js';

/** Kinds of node as options tell them apart: a layer is of the kind of its method. */
export type OptionsKind = Exclude<Node['kind'], 'layer'> | 'nmf' | 'svd';

/** What the options of each kind of node must be: whoever checks them, writes them or reads them looks here. */
export const nodeOptions = {
  input: inputOptions,
  shared: sharedOptions,
  concat: noOptions,
  add: addOptions,
  condition: conditionOptions,
  nmf: nmfSpec,
  svd: svdSpec,
} as const satisfies Record<OptionsKind, unknown>;

export const optionsKindOf = (node: Node): OptionsKind => (node.kind === 'layer' ? node.method : node.kind);

/** The options of a node, whatever it calls them; those of hand-made nodes may be anything. */
export function optionsOf(node: Node): unknown {
  if (node.kind === 'layer') return node.spec;
  return 'options' in node ? node.options : undefined;
}
