import { isNumbers, toMatrix } from '../matrix-input.js';
import { copiedWeights } from '../weights.js';
import { nodeDisplayed } from './look.js';
import type { Node } from './node.js';

/** An expression before it is given its types: a node and the verbs. */
interface Untyped {
  readonly node: Node;
}

/** The one frozen thing around a node. */
class Expression implements Untyped {
  readonly node: Node;

  constructor(node: Node) {
    this.node = Object.freeze(node);
    Object.freeze(this);
  }

  nmfLayer(spec: unknown): unknown {
    return layer('nmf', this, spec);
  }

  svdLayer(spec: unknown): unknown {
    return layer('svd', this, spec);
  }

  factorCondition(Z: unknown, options: unknown = {}): unknown {
    return condition(this, Z, options);
  }
}

nodeDisplayed(Expression.prototype);

/**
 * The seam between the clever types and the plain objects: the caller's declared return type says what the type
 * checker knows of the node, and only the node exists at run time.
 */
export function expression<E>(node: Node): E {
  return new Expression(node) as E;
}

export function layer<E>(method: 'nmf' | 'svd', input: unknown, spec: unknown): E {
  // Whatever an untyped caller passes becomes a node; the compiler's validation says what is wrong with it.
  return expression({ kind: 'layer', method, input: nodeOf(input), spec: frozenSpec(spec) } as Node);
}

/** A copy of a layer's options; the matrices among them are read now, as all data is. */
function frozenSpec(spec: unknown): unknown {
  if (!isObject(spec)) return spec;
  const read = (options: unknown, names: readonly string[]) => {
    if (!isObject(options)) return options;
    const matrices = names.filter((name) => options[name] !== undefined).map((name) => [name, toMatrix(options[name])]);
    return Object.freeze({ ...options, ...Object.fromEntries(matrices) });
  };
  const copy: Record<string, unknown> = { ...spec };
  if (isObject(copy.start)) copy.start = read(copy.start, ['W', 'H']);
  if (isObject(copy.loss)) copy.loss = frozenLoss(copy.loss);
  for (const side of ['W', 'H']) if (isObject(copy[side])) copy[side] = read(copy[side], ['graph', 'target']);
  return Object.freeze(copy);
}

/** A copy of a loss, its lists included. */
function frozenLoss(loss: Readonly<Record<string, unknown>>): unknown {
  const copied = (value: unknown): unknown => {
    if (isNumbers(value)) return Object.freeze(Array.from<unknown>(value));
    if (!isObject(value)) return value;
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copied(part)])));
  };
  return copied(loss);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export function shared<E>(members: readonly unknown[], options: unknown): E {
  // As above.
  const said = options === undefined ? {} : { options: frozenShared(options) };
  return expression({ kind: 'shared', inputs: nodesOf(members), ...said } as Node);
}

export function condition<E>(input: unknown, Z: unknown, options: unknown): E {
  const matrix = toMatrix(Z, isTurned(options));
  // As above: validation has the last word on the input and the options.
  return expression({ kind: 'condition', input: nodeOf(input), Z: matrix, options: frozenCopy(options) } as Node);
}

/** Whether options say that rows are samples. */
export function isTurned(options: unknown): boolean {
  return (
    typeof options === 'object' && options !== null && Reflect.get(options, 'orientation') === 'samples-by-features'
  );
}

/** The mask among the options of an input. */
export function maskOf(options: unknown): unknown {
  return typeof options === 'object' && options !== null ? Reflect.get(options, 'mask') : undefined;
}

/** The weights among the options of an input. */
export function entryWeightsOf(options: unknown): unknown {
  return isObject(options) ? options.weights : undefined;
}

/** Whether a last argument is options: a plain object that is neither an expression nor a node, nor data. */
export const isOptions = (value: unknown): value is object =>
  isObject(value) &&
  !['node', 'kind', 'rows', 'data'].some((key) => key in value) &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value);

/** The node of an expression; anything else is handed through for the compiler to name. */
export function nodeOf(expr: unknown): Node {
  return (typeof expr === 'object' && expr !== null && 'node' in expr ? expr.node : expr) as Node;
}

export function nodesOf(exprs: readonly unknown[]): readonly Node[] {
  return Object.freeze(exprs.map(nodeOf));
}

/** The options of an input, and the names and weights among them, as they are now. */
export function frozenInput(options: unknown): unknown {
  if (!isObject(options)) return options;
  const names = ['sampleNames', 'featureNames'].flatMap((key) => {
    const list = options[key];
    return Array.isArray(list) ? [[key, Object.freeze([...list])] as const] : [];
  });
  const weights = options.weights === undefined ? {} : { weights: copiedWeights(options.weights) };
  return Object.freeze({ ...options, ...Object.fromEntries(names), ...weights });
}

/** The options of a factorShared, and the weights among them, as they are now. */
function frozenShared(options: unknown): unknown {
  if (!isObject(options)) return options;
  const { weights } = options;
  return Object.freeze({
    ...options,
    ...(isObject(weights) && !Array.isArray(weights) ? { weights: frozenCopy(weights) } : {}),
  });
}

/** Options can't change after they were given; values that are no plain object are handed through. */
export function frozenCopy(options: unknown): unknown {
  return typeof options === 'object' && options !== null ? Object.freeze({ ...options }) : options;
}
