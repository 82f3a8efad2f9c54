import type { Plan } from '../../compiler/plan.js';
import { column, type DenseMatrix, dense } from '../../matrix.js';
import type { Norm } from '../../objective.js';
import type { LayerResult, RunState } from '../state.js';
import { withRows } from './blocks.js';
import { descend, type Model } from './model.js';
import { sumUnits, type UnitOf } from './sums.js';
import { originsOf, type Trained } from './train.js';

/** A layer's factors as a fit has them, and how what it hands on comes out of E: row `order[r]` times `by[r]`. */
interface Finished {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
  readonly order: readonly number[];
  readonly scaled: Float64Array;
  readonly normalized: Float64Array;
}

/** A layer's factors as they were trained: E divided by `units` is what was handed on as normalized. */
interface Raw {
  readonly layer: string;
  readonly A: DenseMatrix;
  readonly E: DenseMatrix;
  readonly units: Float64Array;
  readonly norm: Norm;
}

/**
 * The layers of a trained model, normalised and sorted like any other. The embedding of a layer that is no output is its
 * own where the coupling leaves it one, else what the output makes of it. Layers that meet in a sum keep the order of their
 * factors, and the first one's lengths are the unit of all, so that what is added up stays the same sum.
 */
export async function finishedLayers(
  plan: Plan,
  state: RunState,
  { model, converged, aborted }: Trained,
): Promise<ReadonlyMap<string, LayerResult>> {
  const own = new Set(originsOf(plan).flatMap(({ tops }) => tops));
  const composed = await descend(model, plan.output);
  const unitOf = sumUnits(plan, model.readers);
  const finished = new Map<string, Finished>();
  const results = new Map<string, LayerResult>();
  for (const step of plan.fit) {
    if (step.op !== 'nmf') continue;
    const { layer } = step;
    const before = state.results.get(layer);
    const E = own.has(layer) ? model.E.get(layer) : composed.embeddings.get(layer);
    const A = inUnitsBelow(model, layer, finished);
    const units = model.units.get(layer);
    if (before === undefined || E === undefined || A === undefined || units === undefined) continue;
    const made = normalized({ layer, A, E, units, norm: step.args.norm }, unitOf);
    finished.set(layer, made);
    const { W, d, H } = made;
    const stopped = aborted ? 'aborted' : converged ? 'converged' : 'max-iter';
    results.set(layer, { ...before, W, d, H, stopped, factorLoss: null });
  }
  return results;
}

/** A with the rows that read an embedding in the order and the units in which it is handed on. */
function inUnitsBelow({ readers, A }: Model, layer: string, finished: ReadonlyMap<string, Finished>) {
  let W = A.get(layer);
  const reader = readers.find((candidate) => candidate.layer === layer);
  for (const { source, from, to } of reader?.parts ?? []) {
    if (source.kind === 'data' || W === undefined) continue;
    const rows = dense(to - from, W.cols);
    // What adds up in one row has one unit, and keeps its place.
    for (const [r, [place]] of source.rows.entries()) {
      const below = finished.get(place.layer);
      if (below === undefined) continue;
      const by = (place.normalized ? below.normalized : below.scaled)[place.row];
      const old = from + r + below.order[place.row] - place.row;
      for (let j = 0; j < W.cols; j++) rows.data[r + j * rows.rows] = by * column(W, j)[old];
    }
    W = withRows(W, from, rows);
  }
  return W;
}

/** W·diag(d)·H = A·E. */
function normalized({ layer, A, E, units, norm }: Raw, unitOf: UnitOf): Finished {
  const k = A.cols;
  const length = (values: Float64Array) =>
    norm === 'L1'
      ? values.reduce((sum, x) => sum + Math.abs(x), 0)
      : Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const w = Array.from({ length: k }, (_, r) => length(column(A, r)));
  const h = Array.from({ length: k }, (_, r) => length(E.data.filter((_, p) => p % k === r)));
  const plain = norm === 'none';
  const rows = Array.from({ length: k }, (_, row) => {
    const scaled = unitOf({ layer, row, normalized: false }, w[row]);
    const bare = unitOf({ layer, row, normalized: true }, units[row] > 0 ? h[row] / units[row] : 0);
    const byW = scaled ?? (plain ? 1 : w[row]);
    // An embedding of its own that has died keeps the unit it had: what is above may be handed down in it.
    const alive = h[row] > 0 || w[row] === 0 ? h[row] : units[row];
    const byH = bare === undefined ? (plain ? 1 : alive) : bare * units[row];
    const normalized = bare === undefined ? units[row] / (byH || 1) : 1 / bare;
    return { byW, byH, normalized, placed: scaled !== undefined || bare !== undefined };
  });
  const placed = rows.some((row) => row.placed);
  const order = Array.from({ length: k }, (_, r) => r).sort(
    (a, b) => (placed ? 0 : w[b] * h[b] - w[a] * h[a]) || a - b,
  );
  const sorted = order.map((r) => rows[r]);
  const W = dense(A.rows, k);
  const H = dense(k, E.cols);
  for (const [r, { byW, byH }] of sorted.entries()) {
    column(W, r).set(column(A, order[r]).map((x) => x / (byW || 1)));
    for (let j = 0; j < E.cols; j++) H.data[r + j * k] = E.data[order[r] + j * k] / (byH || 1);
  }
  return {
    W,
    d: Float64Array.from(sorted, ({ byW, byH }) => byW * byH),
    H,
    order,
    scaled: Float64Array.from(sorted, ({ byW }) => byW),
    normalized: Float64Array.from(sorted, ({ normalized }) => normalized),
  };
}
