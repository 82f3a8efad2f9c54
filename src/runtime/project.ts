import { match } from 'ts-pattern';
import type { LayerStep, Plan, SlotId } from '../compiler/plan.js';
import type { CallOptions, Kernels } from '../kernels/kernels.js';
import {
  column,
  type DenseMatrix,
  dense,
  gatherRows,
  type Matrix,
  scaleColumns,
  scaleRows,
  stackDense,
  toDense,
} from '../matrix.js';
import { examine } from '../matrix-check.js';
import { type FactorSums, stepTerms } from '../objective.js';
import { encodePairs } from './encode-pairs.js';
import { inOrder } from './in-order.js';
import { projectJointly } from './joint/project.js';
import { ofNewSamples, ofRows } from './loss.js';
import { withoutUnknown } from './new-samples.js';
import type { LayerResult, RunState } from './state.js';
import { heightsOf, lossWeights, type Root, weighBlock, weighRows } from './weights.js';

/** Rows of a matrix over new samples; without data where nothing is known of them. */
interface Part {
  readonly rows: number;
  readonly data: Matrix | null;
}

/**
 * The embeddings of new samples: the plan again, with every W as it was fitted. Each layer's H minimises what the layer
 * minimised, W standing still and the weights of its penalties as they were at the end of the fit. Rows of which nothing is
 * given are left out; a layer that reads nothing else has no embedding, and says nothing to those above it. So has one
 * sample of which nothing is known in what a layer reads: it is missing there, NaN.
 */
export async function project(
  plan: Plan,
  state: RunState,
  given: ReadonlyMap<SlotId, Matrix>,
  kernels: Kernels,
  options: CallOptions,
): Promise<ReadonlyMap<string, DenseMatrix>> {
  if (plan.joint !== null) return projectJointly(plan, state, given, kernels, options);
  const parts = new Map<SlotId, readonly Part[]>();
  const embeddings = new Map<string, DenseMatrix>();
  const partsIn = (slot: SlotId): readonly Part[] => parts.get(slot) ?? [];
  const rowsIn = (slot: SlotId): number => plan.slots[Number(slot.slice(1))].shape[0];
  for (const step of [...plan.prepare, ...plan.fit]) {
    options.signal?.throwIfAborted();
    await match(step)
      .with(
        { op: 'load' },
        ({ write }) => void parts.set(write, [{ rows: rowsIn(write), data: given.get(write) ?? null }]),
      )
      // New samples are given in one order.
      .with({ op: 'align' }, ({ read, write }) => void parts.set(write, partsIn(read)))
      .with({ op: 'stackRows' }, ({ reads, write }) => void parts.set(write, reads.flatMap(partsIn)))
      .with({ op: 'add' }, ({ reads, write }) => {
        const orders = state.orders.get(write);
        const branches = reads.map((slot, b) => {
          const own = stacked(partsIn(slot));
          return own === null || orders === undefined ? own : inOrder([own], [orders[b]])[0];
        });
        parts.set(write, [{ rows: rowsIn(write), data: sum(branches) }]);
      })
      .with({ op: 'embed' }, ({ layer, write }) => {
        const H = embeddings.get(layer);
        const result = state.results.get(layer);
        const data = H === undefined || result === undefined ? null : scaleRows(H, result.d);
        parts.set(write, [{ rows: rowsIn(write), data }]);
      })
      .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, async (layer) => {
        const result = state.results.get(layer.layer);
        const H = result === undefined ? null : await encoded(layer, result, partsIn(layer.read), kernels, options);
        options.signal?.throwIfAborted();
        if (H !== null) embeddings.set(layer.layer, H);
        parts.set(layer.write.H, [{ rows: layer.args.k, data: H }]);
      })
      .exhaustive();
  }
  return embeddings;
}

/** Parts on top of each other, NaN where nothing is known; null where that is everywhere. */
function stacked(parts: readonly Part[]): DenseMatrix | null {
  const known = parts.find(({ data }) => data !== null)?.data;
  if (known == null) return null;
  const missing = (rows: number) => dense(rows, known.cols, new Float64Array(rows * known.cols).fill(Number.NaN));
  return stackDense(parts.map(({ rows, data }) => data ?? missing(rows)));
}

/** The sum of branches; where some are missing, of the others, as if these were like them. */
function sum(branches: readonly (DenseMatrix | null)[]): DenseMatrix | null {
  const known = branches.filter((branch) => branch !== null);
  if (known.length === 0) return null;
  const data = known[0].data.map((_, p) => {
    const values = known.map((branch) => branch.data[p]).filter((x) => !Number.isNaN(x));
    return (values.reduce((total, x) => total + x, 0) * branches.length) / values.length;
  });
  return dense(known[0].rows, known[0].cols, data);
}

async function encoded(
  step: LayerStep,
  result: LayerResult,
  parts: readonly Part[],
  kernels: Kernels,
  options: CallOptions,
): Promise<DenseMatrix | null> {
  const ranges: [number, number][] = [];
  const X: Matrix[] = [];
  const kept: Root[] = [];
  let top = 0;
  for (const [i, { rows, data }] of parts.entries()) {
    if (data !== null) {
      ranges.push([top, top + rows]);
      const root = result.fittedLoss === undefined ? (result.roots?.[i] ?? 1) : 1;
      X.push((await weighBlock(prepared(data, result, top), root)).matrix);
      kept.push(result.roots?.[i] ?? 1);
    }
    top += rows;
  }
  if (X.length === 0) return null;
  const projection = 'projection' in result ? result.projection : null;
  if (projection !== null) return X.length < parts.length ? null : projected(result, projection, X, kernels, options);
  // A plan that was saved before SVDs had terms has none.
  if (step.op === 'svd' && step.args.terms != null)
    return encodePairs(step.args, result, { X, ranges }, kernels, options);
  const loss = result.fittedLoss;
  const W = weighRows(scaleColumns(result.W, result.d), heightsOf(parts), loss === undefined ? result.roots : null);
  const terms = termsOf(step, result, W);
  const measured =
    loss === undefined ? {} : { loss: ofNewSamples(ofRows(loss, ranges)), weights: lossWeights(X, kept, []) };
  const H = await kernels.encode({ X, W: gatherRows(W, ranges), ...terms, ...measured }, options);
  return withoutUnknown(H, X);
}

/** h_r = p_r·w_rᵀx for every sample x; NaN where an entry of it is missing. */
async function projected(
  { W }: LayerResult,
  p: Float64Array,
  X: readonly Matrix[],
  kernels: Kernels,
  options: CallOptions,
): Promise<DenseMatrix> {
  const facts = X.map((block) => examine(block, kernels.look).known);
  const filled = X.map((block, at) => (facts[at] === undefined ? block : withoutGaps(toDense(block))));
  const H = scaleRows(await kernels.multiply({ X: filled, factor: W, side: 'W' }, options), p);
  for (const [at, known] of facts.entries())
    known?.cols.forEach((count, j) => {
      if (count < X[at].rows) column(H, j).fill(Number.NaN);
    });
  return H;
}

const withoutGaps = ({ rows, cols, data }: DenseMatrix): DenseMatrix =>
  dense(
    rows,
    cols,
    data.map((x) => (Number.isNaN(x) ? 0 : x)),
  );

/** Rows from `top` on as the layer takes them: an SVD without the means, and divided by the deviations. */
function prepared(data: Matrix, result: LayerResult, top: number): Matrix {
  const center = 'center' in result ? result.center : null;
  const scale = 'scale' in result ? result.scale : null;
  if (center === null && scale === null) return data;
  const { rows, cols, data: values } = toDense(data);
  const taken = values.map((x, p) => {
    const i = top + (p % rows);
    return (x - (center?.[i] ?? 0)) / (scale?.[i] ?? 1);
  });
  return dense(rows, cols, taken);
}

/** What a layer adds to the equations of one sample; what links samples to one another or to a target is not known of new ones. */
function termsOf(step: LayerStep, { H, d, energy, nullLoss, rms }: LayerResult, W: DenseMatrix) {
  const none = new Float64Array(W.cols);
  const bare = { ridge: none, linear: none, coupling: null, upperBound: null };
  if (step.op === 'tied') return { ...bare, nonneg: true };
  // Of ½·L2·‖d‖², in which d_r·h_r counts for the sample.
  if (step.op === 'svd') return { ...bare, ridge: d.map((x) => (step.args.L2 ?? 0) * x * x), nonneg: false };
  const { args } = step;
  const columns = Array.from({ length: W.cols }, (_, r) => column(W, r));
  const rows = Array.from({ length: H.rows }, (_, r) => H.data.filter((_, p) => p % H.rows === r));
  const [ofH, ofW] = [sumsOf(rows, args.H.L2, undefined), sumsOf(columns, args.W.L2, energy)];
  const { nonneg, upperBound } = args.H;
  return { ...stepTerms(args.H, args.W, ofH, ofW, rms ?? Math.sqrt(nullLoss ?? 0)), nonneg, upperBound };
}

/** `energy` is that of a row of length 1, L2 where there is nothing else. */
function sumsOf(vectors: readonly Float64Array[], L2: number, energy: Float64Array | undefined): FactorSums {
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((total, x, i) => total + x * b[i], 0);
  const gram = Float64Array.from(vectors.flatMap((a) => vectors.map((b) => dot(a, b))));
  return {
    length: vectors[0].length,
    l1: Float64Array.from(vectors, (vector) => vector.reduce((total, x) => total + Math.abs(x), 0)),
    l2: Float64Array.from(vectors, (_, r) => Math.sqrt(gram[r * (vectors.length + 1)])),
    gram,
    energy: Float64Array.from(vectors, (_, r) => (energy?.[r] ?? L2) * gram[r * (vectors.length + 1)]),
    apart: 0,
  };
}
