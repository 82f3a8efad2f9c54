import type { Plan } from '../../compiler/plan.js';
import { column, type DenseMatrix, dense, firstColumns, row, rowRange, scaleColumns, scaleRows } from '../../matrix.js';
import type { Norm } from '../../objective.js';
import type { LayerResult, RunState } from '../state.js';
import { axesOf } from './axes.js';
import { withRows } from './blocks.js';
import { descend, type Model } from './model.js';
import { normOf, staysPositive, trainedSteps } from './steps.js';
import { sumUnits, type UnitOf } from './sums.js';
import { originsOf, type Trained } from './train.js';

/** A layer's factors as a fit has them, and how what it hands on comes out of E. */
interface Finished {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
  /** k × k: diag(d)·H = scaled·(E − shift), H = normalized·(E − shift) where E is told in its units. */
  readonly scaled: DenseMatrix;
  readonly normalized: DenseMatrix;
  /** What the means have taken over from the rows of E. */
  readonly shift: Float64Array;
}

/** A layer's factors as they were trained: E divided by `units` is what was handed on as normalized. */
interface Raw {
  readonly layer: string;
  readonly A: DenseMatrix;
  readonly E: DenseMatrix;
  readonly units: Float64Array;
}

/**
 * The layers of a trained model, normalised and sorted like any other, and SVDs turned to their axes. The embedding of a
 * layer that is no output is its own where the coupling leaves it one, else what the output makes of it. Layers that meet in
 * a sum keep the order of their factors, and the first one's lengths are the unit of all, so that what is added up stays the
 * same sum.
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
  const stopped = aborted ? 'aborted' : converged ? 'converged' : 'max-iter';
  for (const step of trainedSteps(plan)) {
    const { layer } = step;
    const before = state.results.get(layer);
    const made = composed.embeddings.get(layer);
    const [A, units] = [inUnitsBelow(model, layer, finished), model.units.get(layer)];
    if (before === undefined || A === undefined || units === undefined) continue;
    const k = units.length;
    const E = own.has(layer) ? model.E.get(layer) : made && rowRange(made, 0, k);
    if (E === undefined) continue;
    const raw = { layer, A: firstColumns(A, k), E, units };
    const ended = { ...before, stopped, factorLoss: null } as const;
    if (!('center' in before)) {
      const { W, d, H } = keep(finished, layer, normalized(raw, normOf(step), unitOf));
      results.set(layer, { ...ended, W, d, H });
      continue;
    }
    const { center, scale } = before;
    const inScale = scale === null ? raw : { ...raw, A: scaleRows(raw.A, scale.map((x) => 1 / x)) }; // biome-ignore format: one thought
    const freedom = freedomOf(plan, model, layer, own.has(layer));
    const found = keep(finished, layer, axes(inScale, freedom) ?? normalized(inScale, normOf(step), unitOf));
    const { W, d, H, shift } = found;
    results.set(layer, { ...ended, W, d, H, center: center && meansIn(A, shift), scale, left: before.left });
  }
  return results;
}

/** The last column of A, and what the others come to where E is the shift: means in units of what is read. */
function meansIn(A: DenseMatrix, shift: Float64Array): Float64Array {
  const means = column(A, shift.length).slice();
  for (const [r, by] of shift.entries()) {
    if (by !== 0) column(A, r).forEach((x, i) => { means[i] += by * x; }); // biome-ignore format: one thought
  }
  return means;
}

function keep(all: Map<string, Finished>, layer: string, found: Finished): Finished {
  all.set(layer, found);
  return found;
}

/** A with the rows that read an embedding turned as it is handed on. */
function inUnitsBelow({ readers, A, units }: Model, layer: string, finished: ReadonlyMap<string, Finished>) {
  let W = A.get(layer);
  const reader = readers.find((candidate) => candidate.layer === layer);
  const k = units.get(layer)?.length ?? 0;
  for (const { source, from, to } of reader?.parts ?? []) {
    if (source.kind === 'data' || W === undefined) continue;
    const rows = dense(to - from, W.cols);
    // What adds up in one row has one unit, and keeps its place.
    for (const [r, [place]] of source.rows.entries()) {
      const [below, unit] = [finished.get(place.layer), units.get(place.layer)];
      if (below === undefined || unit === undefined) continue;
      for (const [q, by] of row(place.normalized ? below.normalized : below.scaled, place.row).entries()) {
        if (by === 0) continue;
        const old = from + r + q - place.row;
        const gone = place.normalized ? below.shift[q] / (unit[q] || 1) : below.shift[q];
        for (let j = 0; j < W.cols; j++) rows.data[r + j * rows.rows] += by * (column(W, j)[old] - (j < k ? 0 : gone));
      }
    }
    W = withRows(W, from, rows);
  }
  return W;
}

/** What can be done to the embedding of a layer such that those who make something of it can take it back. */
interface Freedom {
  /** It may be turned: whoever reads it has a W of any sign, and reads it by itself, since a sum is by place. */
  readonly turns: boolean;
  /** Its means may become the layer's: whoever reads it takes means out. */
  readonly shifts: boolean;
  /** It must stay as wide as it is: somebody reads it without its scale, and makes it in an own way. */
  readonly wide: boolean;
}

function freedomOf(plan: Plan, { readers, A, units }: Model, layer: string, own: boolean): Freedom {
  const bounded = new Set(trainedSteps(plan).flatMap((step) => (staysPositive(step, 'W') ? [step.layer] : [])));
  const above = readers.flatMap((reader) =>
    reader.parts.flatMap(({ source }) => {
      const rows =
        source.kind === 'data' ? [] : source.rows.filter((row) => row.some((place) => place.layer === layer));
      return rows.map((places) => ({ reader: reader.layer, places }));
    }),
  );
  const centred = (name: string) => (A.get(name)?.cols ?? 0) > (units.get(name)?.length ?? 0);
  const turns = above.every(({ reader, places }) => places.length === 1 && !bounded.has(reader));
  return {
    turns,
    shifts: turns && centred(layer) && above.every(({ reader }) => centred(reader)),
    wide: own && above.some(({ places }) => places.some(({ normalized }) => normalized)),
  };
}

/** W·diag(d)·H = A·(E − shift) by axes; null where what reads the embedding could not be what it is. */
function axes({ A, E, units }: Raw, { turns, shifts, wide }: Freedom): Finished | null {
  if (!turns) return null;
  const k = E.rows;
  const shift = new Float64Array(k);
  if (shifts) for (const [p, x] of E.data.entries()) shift[p % k] += x / E.cols;
  const { W, d, H, turn } = axesOf(A, dense(k, E.cols, E.data.map((x, p) => x - shift[p % k]))); // biome-ignore format: one thought
  if (wide && d.includes(0)) return null;
  const bare = scaleRows(scaleColumns(turn, units), d.map((x) => (x > 0 ? 1 / x : 0))); // biome-ignore format: one thought
  return { W, d, H, scaled: turn, normalized: bare, shift };
}

/** W·diag(d)·H = A·E. */
function normalized({ layer, A, E, units }: Raw, norm: Norm, unitOf: UnitOf): Finished {
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
  const [scaled, bare] = [dense(k, k), dense(k, k)];
  for (const [r, { byW, byH, normalized }] of sorted.entries()) {
    scaled.data[r + order[r] * k] = byW;
    bare.data[r + order[r] * k] = normalized;
    column(W, r).set(column(A, order[r]).map((x) => x / (byW || 1)));
    for (let j = 0; j < E.cols; j++) H.data[r + j * k] = E.data[order[r] + j * k] / (byH || 1);
  }
  return {
    W,
    d: Float64Array.from(sorted, ({ byW, byH }) => byW * byH),
    H,
    scaled,
    normalized: bare,
    shift: new Float64Array(k),
  };
}
