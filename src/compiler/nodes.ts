import type { Node } from '../dsl/node.js';

/** What a node is, and what it is called. */

const KINDS = ['input', 'shared', 'layer', 'concat', 'add', 'condition'];

/** Whether a value has the shape of a node; hand-made ones are welcome. */
export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (!KINDS.some((kind) => kind === value.kind)) return false;
  if (value.kind === 'layer')
    return 'input' in value && 'method' in value && (value.method === 'nmf' || value.method === 'svd');
  if (value.kind === 'condition') return 'input' in value;
  return value.kind === 'input' || ('inputs' in value && Array.isArray(value.inputs));
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

/** What the user calls to make a node. */
const MAKERS = {
  input: 'factorInput',
  shared: 'factorShared',
  concat: 'factorConcat',
  add: 'factorAdd',
  condition: 'factorCondition',
} as const;

/** What the user called to make a node; a layer by its name. */
export const titleOf = (node: Node): string => (node.kind === 'layer' ? labelOf(node) : MAKERS[node.kind]);
