import type { Plan } from '../../compiler/plan.js';
import { column, type DenseMatrix, dense, scaleRows } from '../../matrix.js';
import type { Norm } from '../../objective.js';
import type { LayerResult, RunState } from '../state.js';
import { withRows } from './blocks.js';
import { descend, type Model } from './model.js';
import { originsOf, type Trained } from './train.js';

/** A layer's factors as a fit has them, and how its embedding comes out of E: row `order[r]` times `by[r]`. */
interface Finished {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
  readonly order: readonly number[];
  readonly scaled: Float64Array;
  readonly normalized: Float64Array;
}

/**
 * The layers of a trained model, normalised and sorted like any other. The embedding of a layer that is no output is its
 * own where the coupling leaves it one, else what the output makes of it.
 */
export async function finishedLayers(
  plan: Plan,
  state: RunState,
  { model, converged, aborted }: Trained,
): Promise<ReadonlyMap<string, LayerResult>> {
  const own = new Set(originsOf(plan).flatMap(({ tops }) => tops));
  const composed = await descend(model, plan.output);
  const finished = new Map<string, Finished>();
  const results = new Map<string, LayerResult>();
  for (const step of plan.fit) {
    if (step.op !== 'nmf') continue;
    const before = state.results.get(step.layer);
    const E = own.has(step.layer) ? model.E.get(step.layer) : composed.embeddings.get(step.layer);
    const A = inUnitsBelow(model, step.layer, finished);
    if (before === undefined || E === undefined || A === undefined) continue;
    const layer = normalized(A, E, step.args.norm);
    finished.set(step.layer, layer);
    const { W, d, H } = layer;
    const stopped = aborted ? 'aborted' : converged ? 'converged' : 'max-iter';
    results.set(step.layer, { ...before, W, d, H, stopped });
  }
  return results;
}

/** A with the rows that read an embedding in the order and the units in which it is handed on. */
function inUnitsBelow({ readers, A }: Model, layer: string, finished: ReadonlyMap<string, Finished>) {
  let W = A.get(layer);
  const reader = readers.find((candidate) => candidate.layer === layer);
  for (const { source, from, to } of reader?.parts ?? []) {
    if (source.kind === 'data' || W === undefined) continue;
    const below = finished.get(source.layer);
    if (below === undefined) continue;
    const by = source.normalized ? below.normalized : below.scaled;
    const rows = dense(to - from, W.cols);
    for (let j = 0; j < W.cols; j++)
      for (let r = 0; r < rows.rows; r++) rows.data[r + j * rows.rows] = by[r] * column(W, j)[from + below.order[r]];
    W = withRows(W, from, rows);
  }
  return W;
}

function normalized(A: DenseMatrix, E: DenseMatrix, norm: Norm): Finished {
  const k = A.cols;
  const length = (values: Float64Array) =>
    norm === 'L1'
      ? values.reduce((sum, x) => sum + Math.abs(x), 0)
      : Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const w = Array.from({ length: k }, (_, r) => length(column(A, r)));
  const h = Array.from({ length: k }, (_, r) => length(E.data.filter((_, p) => p % k === r)));
  const order = Array.from({ length: k }, (_, r) => r).sort((a, b) => w[b] * h[b] - w[a] * h[a] || a - b);
  const plain = norm === 'none';
  const over = (lengths: readonly number[]) =>
    Float64Array.from(order, (r) => (plain || lengths[r] === 0 ? 1 : lengths[r]));
  const [byW, byH] = [over(w), over(h)];
  const W = dense(A.rows, k);
  order.forEach((from, r) => {
    column(W, r).set(column(A, from).map((x) => x / byW[r]));
  });
  const sorted = dense(k, E.cols);
  for (let j = 0; j < E.cols; j++) for (let r = 0; r < k; r++) sorted.data[r + j * k] = E.data[order[r] + j * k];
  return {
    W,
    d: Float64Array.from(order, (r) => (plain ? 1 : w[r] * h[r])),
    H: scaleRows(sorted, byH.map((x) => 1 / x)), // biome-ignore format: one thought
    order,
    scaled: plain ? byW : Float64Array.from(order, (r) => w[r]),
    normalized: byH.map((x) => 1 / x),
  };
}
