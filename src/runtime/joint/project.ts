import type { Plan, SlotId } from '../../compiler/plan.js';
import type { CallOptions, Kernels } from '../../kernels/kernels.js';
import {
  addScaled,
  column,
  type DenseMatrix,
  dense,
  firstColumns,
  type Matrix,
  rowRange,
  scaleColumns,
  scaleRows,
  stackDense,
  toDense,
} from '../../matrix.js';
import { withoutUnknown } from '../new-samples.js';
import { multiply } from '../reconstruct.js';
import type { RunState } from '../state.js';
import { weighBlock, weighRows } from '../weights.js';
import {
  type Descent,
  descend,
  loadingsOf,
  type Model,
  modelOf,
  productOf,
  type Weighing,
  weightsOf,
} from './model.js';
import { staysPositive, trainedSteps } from './steps.js';
import { originsOf } from './train.js';

/**
 * The embeddings of new samples in a graph that was trained jointly: those at the top minimise what training lowered, every
 * W standing still; those below are what the output makes of them, or their own where the coupling left them one.
 */
export async function projectJointly(
  plan: Plan,
  state: RunState,
  given: ReadonlyMap<SlotId, Matrix>,
  kernels: Kernels,
  options: CallOptions,
): Promise<ReadonlyMap<string, DenseMatrix>> {
  const model = modelOf(plan, state);
  const all = new Map(given);
  for (const step of plan.prepare) {
    const data = step.op === 'align' ? given.get(step.read) : undefined;
    if (data !== undefined) all.set(step.write, data);
  }
  const weights = weightsOf(plan, state);
  const found = new Map<string, DenseMatrix>();
  for (const { tops } of originsOf(plan)) {
    options.signal?.throwIfAborted();
    for (const [layer, E] of await solved(plan, model, tops, { given: all, weights, kernels, options }))
      found.set(layer, E);
  }
  const known = plan.output.filter((layer) => found.has(layer));
  const composed = await descend({ ...model, E: found }, known);
  const embeddings = new Map<string, DenseMatrix>();
  for (const { layer } of plan.layers) {
    const E = found.get(layer) ?? composed.embeddings.get(layer);
    const d = state.results.get(layer)?.d;
    if (E === undefined || d === undefined) continue;
    embeddings.set(layer, scaleRows(rowRange(E, 0, d.length), d.map((x) => (x > 0 ? 1 / x : 0)))); // biome-ignore format: one thought
  }
  return embeddings;
}

interface New {
  readonly given: ReadonlyMap<SlotId, Matrix>;
  readonly weights: ReadonlyMap<SlotId, Weighing>;
  readonly kernels: Kernels;
  readonly options: CallOptions;
}

/** The embeddings of some layers from which the new samples come out best; none where nothing below them is given. */
async function solved(
  plan: Plan,
  model: Model,
  tops: readonly string[],
  { given, weights, kernels, options }: New,
): Promise<ReadonlyMap<string, DenseMatrix>> {
  const descent = await descend(model, tops);
  const loadings = await loadingsOf(model, descent);
  const readBy = (layer: string) => [...(loadings.get(layer)?.keys() ?? [])].flatMap((slot) => given.get(slot) ?? []);
  const reached = tops.filter((layer) => readBy(layer).length > 0);
  if (reached.length === 0) return new Map();
  if (reached.length < tops.length) return solved(plan, model, reached, { given, weights, kernels, options });
  const columns = signed(plan, tops).map((column) => ({ ...column, k: model.units.get(column.layer)?.length ?? 0 }));
  const still = await descend(atRest(model), tops);
  const blocks: Matrix[] = [];
  const factors: DenseMatrix[] = [];
  for (const [slot, { weight, rows }] of weights) {
    const data = given.get(slot);
    const root = rows === null ? Math.sqrt(weight) : rows.map((x) => x * Math.sqrt(weight));
    const parts = columns.map(({ layer, sign, k }) => {
      const P = loadings.get(layer)?.get(slot);
      const by = sign * (descent.own.get(layer) ?? 0);
      return P && weighRows(scaleColumns(firstColumns(P, k), new Float64Array(k).fill(by)), [P.rows], [root]);
    });
    if (data === undefined || parts.every((P) => P === undefined)) continue;
    blocks.push((await weighBlock(await withoutMeans(data, model, still, slot), root)).matrix);
    factors.push(beside(parts.map((P, at) => P ?? dense(data.rows, columns[at].k))));
  }
  const W = stackDense(factors);
  const none = new Float64Array(W.cols);
  const nonneg = columns.some((column) => column.nonneg);
  const terms = { ridge: none, linear: none, coupling: null, nonneg, upperBound: null };
  const E = await kernels.encode({ X: blocks, W, ...terms }, options);
  const found = new Map<string, DenseMatrix>();
  let top = 0;
  for (const { layer, sign, k } of columns) {
    top += k;
    const rows = rowRange(E, top - k, top);
    found.set(layer, addScaled(found.get(layer) ?? dense(k, E.cols), rows, sign));
  }
  for (const [layer, own] of found) found.set(layer, withoutUnknown(own, readBy(layer)));
  return found;
}

/** The model of one sample whose embeddings are zero. */
const atRest = (model: Model): Model => ({
  ...model,
  E: new Map([...model.units].map(([layer, { length }]) => [layer, dense(length, 1)])),
});

/** New samples less what stays of them when embeddings are zero: the means that SVDs took out. */
async function withoutMeans(data: Matrix, model: Model, still: Descent, slot: SlotId): Promise<Matrix> {
  const product = productOf(model, still, slot);
  const means = product && (await multiply({ left: product.W, right: product.H })).data;
  if (means === undefined || means.every((x) => x === 0)) return data;
  const { rows, cols, data: values } = toDense(data);
  return dense(rows, cols, values.map((x, p) => x - means[p % rows])); // biome-ignore format: one thought
}

/** Whose factors stand side by side: beside an embedding that stays at least 0 a free one is the difference of two that do. */
function signed(plan: Plan, tops: readonly string[]) {
  const bounded = new Set(trainedSteps(plan).flatMap((step) => (staysPositive(step, 'H') ? [step.layer] : [])));
  const mixed = tops.some((layer) => bounded.has(layer));
  return tops.flatMap((layer) => {
    const nonneg = bounded.has(layer);
    return (mixed && !nonneg ? [1, -1] : [1]).map((sign) => ({ layer, sign, nonneg }));
  });
}

/** Matrices of as many rows side by side. */
function beside(parts: readonly DenseMatrix[]): DenseMatrix {
  const out = dense(parts[0].rows, parts.reduce((sum, { cols }) => sum + cols, 0)); // biome-ignore format: one thought
  let at = 0;
  for (const part of parts) for (let j = 0; j < part.cols; j++) column(out, at++).set(column(part, j));
  return out;
}
