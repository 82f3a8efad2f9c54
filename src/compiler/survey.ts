import { entryWeightsOf, isTurned, maskOf } from '../dsl/build.js';
import type { InputNode, Node } from '../dsl/node.js';
import { isMasked, toMaskedMatrix } from '../mask.js';
import type { Floats, Matrix } from '../matrix.js';
import { examine, type Look, type MatrixFacts } from '../matrix-check.js';
import { isMade, type Unusable } from '../matrix-input.js';
import type { Side } from '../objective.js';
import { isStreamed, type StreamedMatrix } from '../streamed.js';
import { type EntryWeights, readWeights, withoutWeightless } from '../weights.js';
import type { Collected } from './collect.js';
import { type Names, namesOf } from './names.js';
import { type Weighed, weightsOf } from './weights.js';

/** A matrix and what one look at it tells, or why it is none. */
export type Surveyed =
  | { readonly matrix: Matrix; readonly facts: MatrixFacts }
  /** What is streamed is looked at when it is fitted. */
  | { readonly matrix: StreamedMatrix }
  | { readonly matrix: Unusable };

export interface Survey {
  /** The data of every input and condition. */
  readonly data: ReadonlyMap<Node, Surveyed>;
  /** The matrices among the options of layers. */
  readonly given: ReadonlyMap<Node, Readonly<Record<Side, GivenMatrices>>>;
  readonly names: Names;
  /** The weights of inputs by feature, sample and entry. */
  readonly own: ReadonlyMap<Node, EntryWeights>;
  /** How much each block that a layer reads counts, where a graph has weights. */
  readonly weights: ReadonlyMap<Node, readonly Weighed[]>;
}

/** What a layer is given for one of its factors. */
export interface GivenMatrices {
  /** Where it begins. */
  readonly start?: Surveyed;
  /** What it is drawn to, or to be rid of. */
  readonly target?: Surveyed;
  /** Neighbours of its features or samples. */
  readonly graph?: Surveyed;
}

/** How numbers are looked at. */
export type Eyes = (values: Floats) => Look;

/** Looks at all matrices once; those of hand-made nodes are read as the builders read them. */
export function survey(graph: Collected, eyes: Eyes): Survey {
  // What the builders made has been turned and masked already.
  const read = (data: unknown, options: unknown): Matrix | Unusable => {
    if (isUnusable(data) || isMasked(data)) return data;
    const masked = toMaskedMatrix(data, maskOf(options), !isMade(data) && isTurned(options));
    return withoutWeightless(masked, entryWeightsOf(options), isTurned(options));
  };
  const look = (data: unknown, options?: unknown): Surveyed => {
    if (isStreamed(data)) return { matrix: data };
    const matrix = read(data, options);
    return matrix.kind === 'unusable' ? { matrix } : { matrix, facts: examine(matrix, eyes) };
  };
  const own = new Map<Node, EntryWeights>();
  const data = new Map<Node, Surveyed>();
  const given = new Map<Node, Readonly<Record<Side, GivenMatrices>>>();
  for (const node of graph.order) {
    if (node.kind === 'input') {
      const found = look(node.data, node.options);
      const weights = weightsIn(node, found);
      data.set(node, weights?.kind === 'unusable' ? { matrix: weights } : found);
      if (weights?.kind === 'weights') own.set(node, weights);
    }
    if (node.kind === 'condition') data.set(node, look(node.Z, node.options));
    if (node.kind !== 'layer' || node.method !== 'nmf') continue;
    const of = (side: Side): GivenMatrices => {
      const [start, target, graph] = [
        ['start', side],
        [side, 'target'],
        [side, 'graph'],
      ].map((path) => {
        const matrix = valueAt(node.spec, path);
        return matrix === undefined ? undefined : look(matrix);
      });
      return { ...(start && { start }), ...(target && { target }), ...(graph && { graph }) };
    };
    given.set(node, { W: of('W'), H: of('H') });
  }
  return { data, given, names: namesOf(graph, data, eyes), own, weights: weightsOf(graph, data, own) };
}

/** The weights of an input's entries; undefined where it has none. */
function weightsIn({ options }: InputNode, found: Surveyed): EntryWeights | Unusable | undefined {
  const weights = entryWeightsOf(options);
  return weights === undefined || !('facts' in found)
    ? undefined
    : readWeights(found.matrix, weights, isTurned(options));
}

/** What lies at the end of a path of keys, if there is such. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

const isUnusable = (data: unknown): data is Unusable =>
  typeof data === 'object' && data !== null && 'kind' in data && data.kind === 'unusable';
